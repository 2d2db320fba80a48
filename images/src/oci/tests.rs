use super::*;

#[test]
fn times_are_those_of_the_calendar() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_735_689_599, "2024-12-31T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
    ] {
        assert_eq!(created(seconds), text);
    }
}

#[test]
fn an_image_for_two_processors_has_two_names() {
    let mut tree = Tree::new();
    tree.file("x", "");
    let image = |architecture| Image {
        architecture,
        tree: &tree,
        start: Start::default(),
    };
    let about = About {
        title: "t",
        description: "d",
    };
    let images = [image(Architecture::Amd64), image(Architecture::Arm64)];

    let layout = layout(&Source::dated(0), &images, about, Effort::Fast).unwrap();

    let index = layout.tree.get("index.json").map(|member| &member.content);
    let Some(crate::tree::Content::File(index)) = index else {
        panic!("no index.json");
    };
    let index: Value = serde_json::from_slice(index).unwrap();
    let names: Vec<&str> = index["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|image| {
            image["annotations"]["org.opencontainers.image.ref.name"]
                .as_str()
                .unwrap()
        })
        .collect();
    assert_eq!(
        names,
        [format!("{VERSION}-amd64"), format!("{VERSION}-arm64")]
    );
    assert_eq!(index["manifests"][1]["platform"]["architecture"], "arm64");
}
