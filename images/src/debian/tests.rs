use super::*;

#[test]
fn of_alternatives_and_versions_the_first_name_is_taken() {
    assert_eq!(
        names("libc6 (>= 2.34), libtinfo6 (>= 6) | libtinfo5, libfoo1:any"),
        ["libc6", "libtinfo6", "libfoo1"]
    );
    assert!(names("").is_empty());
}

#[test]
fn an_offer_of_apt_is_read_and_nothing_else() {
    let sum = "0".repeat(64);
    let line =
        format!("'http://example.org/x_1%3a2_amd64.deb' x_1%3a2_amd64.deb 70292 SHA256:{sum}\n");

    assert_eq!(
        Offer::read(&line),
        Some(Offer {
            file_name: "x_1%3a2_amd64.deb".to_owned(),
            sha256: sum
        })
    );
    for other in ["", "E: Unable to locate package x\n", "'a' b 1 MD5Sum:0\n"] {
        assert_eq!(Offer::read(other), None, "{other}");
    }
}
