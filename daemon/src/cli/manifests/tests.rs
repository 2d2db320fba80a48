use super::*;

#[test]
fn an_image_is_a_name_with_or_without_registry_tag_and_digest() {
    for text in [
        "lanlord",
        "registry.example:5000/team/lanlord:0.1.0",
        "registry.example/lanlord@sha256:0123",
    ] {
        assert_eq!(reference(text).unwrap(), text);
    }
    for text in ["", "a b", "lanlord:", "\"x\"", "a\nb", "/lanlord"] {
        assert!(reference(text).is_err(), "{text}");
    }
}
