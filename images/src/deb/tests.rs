use super::*;

#[test]
fn members_begin_at_even_offsets_behind_a_line_of_sixty_octets() {
    let archive = ar(&[("odd", b"abc".to_vec()), ("even", b"de".to_vec())], 7).unwrap();

    let text = String::from_utf8(archive).unwrap();
    assert_eq!(
        text,
        "!<arch>\n\
         odd             7           0     0     100644  3         `\nabc\n\
         even            7           0     0     100644  2         `\nde"
    );
}

#[test]
fn the_configuration_belongs_to_the_user() {
    let source = Source::dated(0);
    let data = data(&source, b"program").unwrap();

    let control = control(&source, Architecture::Amd64, &data).unwrap();

    let conffiles = control.get("conffiles").map(|member| &member.content);
    assert_eq!(
        conffiles,
        Some(&crate::tree::Content::File(
            b"/etc/lanlord/router.toml\n".to_vec()
        ))
    );
    assert!(data.get("etc/lanlord/router.toml").is_some());
    assert!(data.get(UNIT).is_some());
}
