//! Generates the Rust code for `proto/`: messages, clients, servers with the
//! validating codec, validators and the policy table.
//!
//! The build fails if a method declares no policy.

#[path = "build/cel.rs"]
mod cel;
#[path = "build/rules.rs"]
mod rules;

use std::{env, error::Error, fmt::Write as _, fs, path::PathBuf};

use prost::Message as _;
use prost_protovalidate_types::DESCRIPTOR_POOL;
use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage as _, Value};
use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};

/// The packages, each of which becomes `crate::<area>::v1`.
const AREAS: [&str; 8] = [
    "errors",
    "events",
    "options",
    "organization",
    "reporting",
    "tickets",
    "types",
    "volunteers",
];

/// Resolves `buf/validate/validate.proto` from the crate that implements it, so
/// that the repository needs no copy.
struct ValidateResolver;

impl FileResolver for ValidateResolver {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match DESCRIPTOR_POOL.get_file_by_name(name) {
            Some(file) if name.starts_with("buf/") => Ok(File::from_file_descriptor_proto(
                file.file_descriptor_proto().clone(),
            )),
            _ => Err(protox::Error::file_not_found(name)),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from("../../proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed={}", root.display());

    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new(root.clone()));
    resolver.add(ValidateResolver);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    for area in AREAS {
        let folder = root.join("wangge").join(area).join("v1");
        let mut files: Vec<_> = fs::read_dir(&folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        files.sort();
        for file in files {
            compiler.open_file(file)?;
        }
    }
    // `file_descriptor_set()` drops custom options, and with them rules and
    // policies.
    let bytes = compiler.encode_file_descriptor_set();
    fs::write(out.join("descriptors.bin"), &bytes)?;
    let pool = DescriptorPool::decode(bytes.as_slice())?;

    let descriptors = prost_types::FileDescriptorSet::decode(bytes.as_slice())?;
    generate_stubs(&descriptors, &out)?;
    generate_validators(&pool, bytes, &out)?;
    fs::write(out.join("rules.rs"), rules::rules(&pool)?)?;
    fs::write(out.join("policies.rs"), policies(&pool)?)?;
    Ok(())
}

/// Generates messages and clients with the plain codec, since a client must accept
/// responses of a newer server; servers, separately, with the validating one.
fn generate_stubs(
    descriptors: &prost_types::FileDescriptorSet,
    out: &std::path::Path,
) -> Result<(), Box<dyn Error>> {
    // Google's types stay in the set, since prost resolves them there; the code
    // generated for them is never included.
    let ours = descriptors.clone();
    tonic_prost_build::configure()
        .build_server(false)
        .emit_rerun_if_changed(false)
        .out_dir(out)
        .compile_fds(ours.clone())?;

    let servers = out.join("servers");
    fs::create_dir_all(&servers)?;
    let mut builder = tonic_prost_build::configure()
        .build_client(false)
        .emit_rerun_if_changed(false)
        .codec_path("crate::codec::ValidatingCodec")
        .out_dir(servers);
    for area in AREAS {
        builder = builder.extern_path(format!(".wangge.{area}.v1"), format!("crate::{area}::v1"));
    }
    builder.compile_fds(ours)?;
    Ok(())
}

/// Generates validators, with empty ones for messages without rules, so that the
/// codec can validate every message.
fn generate_validators(
    pool: &DescriptorPool,
    bytes: Vec<u8>,
    out: &std::path::Path,
) -> Result<(), Box<dyn Error>> {
    let mut builder = prost_protovalidate_build::Builder::new()
        .file_descriptor_set_bytes(without_expressions(pool, &bytes)?)
        .fail_on_runtime_only(true)
        .out_dir(out);
    // The generator doesn't support real oneofs. Messages with oneofs are events,
    // which no caller sends to us, and import rows, which handlers validate one by
    // one. A path declared extern is skipped.
    let with_oneof = |message: &prost_reflect::MessageDescriptor| {
        message.oneofs().any(|oneof| !oneof.is_synthetic())
    };
    for message in pool.all_messages().filter(with_oneof) {
        builder = builder.extern_path(format!(".{}", message.full_name()), "crate::unchecked");
    }
    builder.compile()?;
    let path = out.join("validate_impl.rs");
    let mut code = fs::read_to_string(&path)?;
    // Guards against a change of the generator's output format.
    if !code.contains("Validate for") {
        return Err("no validator was made: every request would pass unchecked".into());
    }
    // The formatter may break long `impl` headers over several lines.
    let generated = code.split_whitespace().collect::<Vec<_>>().join(" ");
    for message in pool.all_messages() {
        let package = message.package_name();
        if !package.starts_with("wangge.") || message.is_map_entry() {
            continue;
        }
        let name = message.full_name().replace('.', "::");
        if !generated.contains(&format!("Validate for {name} ")) {
            writeln!(
                code,
                "impl ::prost_protovalidate::Validate for {name} {{\n    \
                 fn validate(&self) -> ::core::result::Result<(), ::prost_protovalidate::ValidationError> {{ Ok(()) }}\n}}"
            )?;
        }
    }
    fs::write(path, code)?;
    Ok(())
}

/// Returns the descriptor set without the CEL expressions, which the generator of
/// validators doesn't support; `rules` compiles them.
fn without_expressions(pool: &DescriptorPool, bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let set = pool
        .get_message_by_name("google.protobuf.FileDescriptorSet")
        .ok_or("descriptor.proto is missing")?;
    let mut set = DynamicMessage::decode(set, bytes)?;
    drop_expressions(&mut set);
    Ok(set.encode_to_vec())
}

fn drop_expressions(message: &mut DynamicMessage) {
    if matches!(
        message.descriptor().full_name(),
        "buf.validate.FieldRules" | "buf.validate.MessageRules"
    ) {
        message.clear_field_by_name("cel");
        return;
    }
    for (_, value) in message.fields_mut() {
        drop_in(value);
    }
    for (_, value) in message.extensions_mut() {
        drop_in(value);
    }
}

fn drop_in(value: &mut Value) {
    match value {
        Value::Message(inner) => drop_expressions(inner),
        Value::List(list) => list.iter_mut().for_each(drop_in),
        _ => {}
    }
}

/// Returns the name of a field's member in the generated struct.
fn member(name: &str) -> String {
    match name {
        "type" | "use" | "ref" | "match" | "move" => format!("r#{name}"),
        _ => name.to_owned(),
    }
}

/// Generates a `match` from a method's path to its declared policy.
fn policies(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let option = pool
        .get_extension_by_name("wangge.options.v1.policy")
        .ok_or("the policy option is missing")?;
    let mut arms = String::new();
    let mut paths = String::new();
    for service in pool
        .services()
        .filter(|s| s.package_name().starts_with("wangge."))
    {
        for method in service.methods() {
            let path = format!("/{}/{}", service.full_name(), method.name());
            let options = method.options();
            if !options.has_extension(&option) {
                return Err(format!("{path} declares no policy").into());
            }
            let value = options.get_extension(&option).into_owned();
            let policy = value.as_message().ok_or("the policy is no message")?;
            let roles: Vec<String> = policy
                .get_field_by_name("roles")
                .and_then(|roles| roles.as_list().map(<[Value]>::to_vec))
                .unwrap_or_default()
                .iter()
                .filter_map(Value::as_enum_number)
                .map(|number| variant(pool, "wangge.options.v1.Role", number))
                .collect::<Result<_, _>>()?;
            if roles.is_empty() {
                return Err(format!("{path} lets no role call it").into());
            }
            let scope = enum_field(pool, policy, "scope", "wangge.options.v1.Scope")?;
            let idempotency =
                enum_field(pool, policy, "idempotency", "wangge.options.v1.Idempotency")?;
            if scope.ends_with("Unspecified") || idempotency.ends_with("Unspecified") {
                return Err(format!("{path} leaves its scope or idempotency open").into());
            }
            writeln!(
                arms,
                "        {path:?} => Some(&MethodPolicy {{ path: {path:?}, roles: &[{}], scope: {scope}, idempotency: {idempotency}, streaming: {}, client_streaming: {} }}),",
                roles.join(", "),
                method.is_client_streaming() || method.is_server_streaming(),
                method.is_client_streaming(),
            )?;
            writeln!(paths, "    {path:?},")?;
        }
    }
    Ok(format!(
        "/// The declared policy of a method, by its path on the wire.\n\
         pub fn policy(path: &str) -> Option<&'static MethodPolicy> {{\n    match path {{\n{arms}        _ => None,\n    }}\n}}\n\n\
         /// Paths of every method of the contracts.\n\
         pub const METHODS: &[&str] = &[\n{paths}];\n"
    ))
}

fn enum_field(
    pool: &DescriptorPool,
    message: &prost_reflect::DynamicMessage,
    field: &str,
    kind: &str,
) -> Result<String, Box<dyn Error>> {
    let number = message
        .get_field_by_name(field)
        .and_then(|value| value.as_enum_number())
        .unwrap_or_default();
    variant(pool, kind, number)
}

/// Returns the Rust path of an enum value: `ROLE_GRID_WORKER` becomes
/// `Role::GridWorker`.
fn variant(pool: &DescriptorPool, kind: &str, number: i32) -> Result<String, Box<dyn Error>> {
    let descriptor = pool.get_enum_by_name(kind).ok_or("an enum is missing")?;
    let value = descriptor
        .get_value(number)
        .ok_or("an enum value is missing")?;
    let prefix = format!("{}_", descriptor.name().to_uppercase());
    let camel: String = value
        .name()
        .trim_start_matches(&prefix)
        .split('_')
        .map(|word| {
            let lower = word.to_lowercase();
            let mut letters = lower.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
                .unwrap_or_default()
        })
        .collect();
    Ok(format!("{}::{camel}", descriptor.name()))
}
