//! The archive of the contracts, as a district system gets it: both trees compile with
//! `protoc` alone, and speak the same protocol.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};
use wangge_tests::{
    DataDir,
    process::{binary, repository},
};

/// Compiles all files of a tree.
fn compile(tree: &Path) -> FileDescriptorSet {
    let image = tree.with_extension("binpb");
    let mut files = Vec::new();
    collect(tree, &mut files);
    assert!(!files.is_empty());
    let compiled = Command::new("protoc")
        .arg("--proto_path")
        .arg(tree)
        .arg("--include_imports")
        .arg("--descriptor_set_out")
        .arg(&image)
        .args(files)
        .output()
        .expect("protoc runs");
    let told = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{told}");
    // Warnings would appear in every build of a district system.
    assert_eq!(told, "");
    FileDescriptorSet::decode(&*std::fs::read(&image).expect("the image")).expect("descriptors")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Returns what of a file goes over the wire: fields, values and methods.
fn protocol(file: &FileDescriptorProto) -> Vec<String> {
    let mut lines = Vec::new();
    for message in &file.message_type {
        fields(message, &mut lines);
    }
    for one in &file.enum_type {
        let values = one.value.iter().map(|value| (value.name(), value.number()));
        lines.extend(values.map(|(name, number)| format!("{} {name} {number}", one.name())));
    }
    for service in &file.service {
        for method in &service.method {
            lines.push(format!(
                "{} {} {} {} {} {} {:?}",
                service.name(),
                method.name(),
                method.input_type(),
                method.output_type(),
                method.client_streaming(),
                method.server_streaming(),
                method
                    .options
                    .as_ref()
                    .map(|options| options.idempotency_level()),
            ));
        }
    }
    let options = file.options.clone().unwrap_or_default();
    lines.push(format!(
        "{} {} {}",
        options.java_package(),
        options.go_package(),
        options.csharp_namespace()
    ));
    lines
}

fn fields(message: &DescriptorProto, lines: &mut Vec<String>) {
    for field in &message.field {
        lines.push(format!(
            "{} {} {} {:?} {:?} {}",
            message.name(),
            field.name(),
            field.number(),
            field.label(),
            field.r#type(),
            field.type_name()
        ));
    }
    for nested in &message.nested_type {
        fields(nested, lines);
    }
}

fn ours(set: &FileDescriptorSet) -> BTreeMap<&str, Vec<String>> {
    let files = set.file.iter();
    let files = files.filter(|file| {
        file.package().starts_with("wangge.") && file.package() != "wangge.options.v1"
    });
    files.map(|file| (file.name(), protocol(file))).collect()
}

#[tokio::test]
async fn the_archive_compiles_alone_in_both_ways() {
    let scratch = DataDir::new();
    let folder = scratch.join("contracts");
    let exported = Command::new(binary())
        .args(["contracts", "export"])
        .arg(&folder)
        .output()
        .expect("it runs");
    assert!(exported.status.success(), "{exported:?}");
    let (whole, plain) = (
        compile(&folder.join("proto")),
        compile(&folder.join("plain")),
    );
    let descriptors = std::fs::read(folder.join("descriptors.binpb")).expect("the descriptors");
    let descriptors = FileDescriptorSet::decode(&*descriptors).expect("descriptors");
    assert!(ours(&whole).len() > 90);
    assert_eq!(ours(&whole), ours(&plain));
    assert_eq!(ours(&whole), ours(&descriptors));
    let names = |set: &FileDescriptorSet, prefix: &str| {
        set.file
            .iter()
            .filter(|file| file.name().starts_with(prefix))
            .count()
    };
    assert!(names(&whole, "buf/validate/") == 1 && names(&plain, "buf/validate/") == 0);
    assert!(names(&whole, "google/rpc/") >= 2 && names(&plain, "google/rpc/") >= 2);
}

#[tokio::test]
async fn the_archive_is_the_same_in_one_file() {
    let scratch = DataDir::new();
    let file = scratch.join("contracts.tar.gz");
    let export = || {
        let mut command = Command::new(binary());
        command.args(["contracts", "export"]).arg(&file);
        command.current_dir(repository()).output().expect("it runs")
    };
    assert!(export().status.success());
    let listed = Command::new("tar")
        .arg("-tzf")
        .arg(&file)
        .output()
        .expect("tar runs");
    let listed = String::from_utf8(listed.stdout).expect("UTF-8");
    assert!(
        listed
            .lines()
            .all(|line| line.starts_with("wangge-contracts-"))
    );
    for wanted in [
        "/README.md",
        "/proto/buf/validate/validate.proto",
        "/plain/wangge/tickets/v1/ticket.proto",
    ] {
        assert!(
            listed.lines().any(|line| line.ends_with(wanted)),
            "{wanted}"
        );
    }
    // What is there is never replaced.
    assert!(!export().status.success());
}
