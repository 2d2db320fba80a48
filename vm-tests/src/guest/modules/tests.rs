use super::*;

#[test]
fn a_module_comes_after_those_that_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    module(folder.path(), "net/a.ko", "depends=b-c,d");
    module(folder.path(), "lib/b-c.ko", "depends=d");
    module(folder.path(), "lib/d.ko", "depends=");
    module(folder.path(), "other.ko", "depends=");

    let order = in_order(folder.path(), &["a", "d"]).unwrap();

    let names: Vec<_> = order.iter().map(|file| file.file_stem().unwrap()).collect();
    assert_eq!(names, ["d", "b-c", "a"]);
}

#[test]
fn a_module_that_does_not_exist_is_named() {
    let folder = tempfile::tempdir().unwrap();
    module(folder.path(), "a.ko", "depends=gone");

    let error = in_order(folder.path(), &["a"]).unwrap_err();

    assert_eq!(error.to_string(), "the kernel's package has no module gone");
}

fn module(root: &Path, name: &str, line: &str) {
    let file = root.join("kernel").join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, format!("\u{7f}ELF\0license=GPL\0{line}\0name=x\0")).unwrap();
}
