use vm_tests::lab::Lab;

use crate::small_lab::small_lab;

/// What `lanlord router` does with this configuration: exit code and stderr.
fn refuse(lab: &Lab, text: &str) -> (Option<i32>, String) {
    let machine = lab.machine("router").unwrap();
    let directory = machine.directory();
    let file = directory.join("wrong.toml");
    std::fs::write(&file, text).unwrap();
    let program = lab.lanlord.to_string_lossy().into_owned();
    let (file, state) = (file.to_string_lossy(), directory.join("state"));
    let output = machine
        .run(
            &program,
            &[
                "router",
                "--config",
                &file,
                "--state",
                &state.to_string_lossy(),
            ],
        )
        .unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn a_wrong_configuration_ends_with_78_file_line_and_what_is_wrong() {
    let lab = small_lab("configuration", &["router"]);
    let good = std::fs::read_to_string(
        vm_tests::lab::build::workspace().join("vm-tests/scenarios/www/router.toml"),
    )
    .unwrap();
    let line_of =
        |text: &str, word: &str| text.lines().position(|line| line.contains(word)).unwrap() + 1;
    let cases = [
        (
            "an unknown key",
            good.replace("lease_time =", "lease_tme ="),
            "lease_tme",
        ),
        (
            "a wrong type",
            good.replace("lease_time = \"12h\"", "lease_time = true"),
            "lease_time = true",
        ),
        (
            "a bad address",
            good.replace("192.168.1.203\"", "192.168.1.303\""),
            "192.168.1.303",
        ),
        (
            "outside its subnet",
            good.replace("192.168.1.204\"", "192.168.2.204\""),
            "192.168.2.204",
        ),
        (
            "a reservation twice",
            good.replace("bc:24:11:00:00:02", "bc:24:11:00:00:01"),
            "",
        ),
        (
            "a broken line",
            good.replace("[uplink]", "[uplink"),
            "[uplink",
        ),
    ];

    for (what, text, word) in cases {
        assert_ne!(text, good, "{what}");
        let (code, said) = refuse(&lab, &text);

        assert_eq!(code, Some(78), "{what}: {said}");
        assert!(said.contains("wrong.toml"), "{what}: {said}");
        if !word.is_empty() {
            let place = format!("wrong.toml:{}", line_of(&text, word));
            assert!(said.contains(&place), "{what} at {place}: {said}");
        }
    }
}

#[test]
fn a_configuration_file_that_is_missing_is_named() {
    let lab = small_lab("configuration-missing", &["router"]);
    let program = lab.lanlord.to_string_lossy().into_owned();

    let output = lab
        .machine("router")
        .unwrap()
        .run(
            &program,
            &[
                "router",
                "--config",
                "/nowhere/router.toml",
                "--state",
                "/run/state",
            ],
        )
        .unwrap();

    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("/nowhere/router.toml"), "{said}");
}
