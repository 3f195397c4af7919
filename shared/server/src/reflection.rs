//! Descriptors of the contracts, with comments and options, and of the types in which
//! errors carry their details. gRPC server reflection serves, on each port, those of its
//! own services; it describes no service that the port doesn't serve.

use std::collections::{HashMap, HashSet};

use prost::{Message, bytes::Bytes};
use prost_types::FileDescriptorSet;
use tonic_health::pb::health_server;
use tonic_reflection::{
    pb::{v1, v1alpha},
    server::Builder,
};

/// Packages that every port describes: every error carries their types.
const SHARED: [&str; 3] = ["google.rpc", "wangge.errors.v1", "wangge.types.v1"];
/// The services that every port serves and lists. Many clients still use the original
/// name of reflection, v1alpha.
const EVERYWHERE: [&str; 3] = [
    health_server::SERVICE_NAME,
    v1::server_reflection_server::SERVICE_NAME,
    v1alpha::server_reflection_server::SERVICE_NAME,
];

/// Returns the descriptors of all contracts and of the errors' types, as an encoded
/// `FileDescriptorSet` for clients and proxies that read one.
///
/// # Errors
/// Returns an error if the descriptors of the contracts can't be decoded.
pub fn descriptors() -> Result<Vec<u8>, prost::DecodeError> {
    let errors = errors()?;
    let mut files = Vec::new();
    let mut names = HashSet::new();
    for set in [wangge_api::FILE_DESCRIPTOR_SET, &errors] {
        for file in Files::decode(set)?.files {
            // Both import Google's types; a pool takes each file once.
            if names.insert(File::decode(file.as_ref())?.name) {
                files.push(file);
            }
        }
    }
    Ok(Files { files }.encode_to_vec())
}

/// Returns the descriptors of `google.rpc`, by the names that every other program knows
/// them by: `tonic-types` leaves their folder out.
fn errors() -> Result<Vec<u8>, prost::DecodeError> {
    let mut set = FileDescriptorSet::decode(tonic_types::pb::FILE_DESCRIPTOR_SET)?;
    for file in &mut set.file {
        let folder = file.package().replace('.', "/");
        let name = file.name().rsplit('/').next().unwrap_or_default();
        file.name = Some(format!("{folder}/{name}"));
    }
    Ok(set.encode_to_vec())
}

/// The descriptors that a port serves, and the services that it lists.
#[derive(Debug)]
pub(crate) struct Described {
    contracts: Vec<u8>,
    services: Vec<&'static str>,
}

impl Described {
    /// Selects the descriptors of some of our services, and of everything that they
    /// import.
    ///
    /// # Errors
    /// Returns an error if the descriptors of the contracts can't be decoded.
    pub(crate) fn of(services: &[&'static str]) -> Result<Self, prost::DecodeError> {
        Ok(Self {
            contracts: select(&descriptors()?, services)?,
            services: services.to_vec(),
        })
    }

    /// Returns a builder of the reflection service.
    pub(crate) fn builder(&self) -> Builder<'_> {
        let builder = Builder::configure()
            .register_encoded_file_descriptor_set(&self.contracts)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // Both, whichever of them is built: a port serves both.
            .register_encoded_file_descriptor_set(v1::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(v1alpha::FILE_DESCRIPTOR_SET);
        self.services
            .iter()
            .copied()
            .chain(EVERYWHERE)
            .fold(builder, Builder::with_service_name)
    }
}

/// A `FileDescriptorSet` whose files stay encoded: decoding them would drop their custom
/// options, and with these the policies and the validation rules.
#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    files: Vec<Bytes>,
}

/// What selecting a file takes, by the field numbers of `FileDescriptorProto`.
#[derive(Clone, PartialEq, Message)]
struct File {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    package: String,
    #[prost(string, repeated, tag = "3")]
    imports: Vec<String>,
    #[prost(message, repeated, tag = "6")]
    services: Vec<Named>,
}

/// A descriptor's name.
#[derive(Clone, PartialEq, Message)]
struct Named {
    #[prost(string, tag = "1")]
    name: String,
}

impl File {
    fn is_root(&self, services: &[&str]) -> bool {
        SHARED.contains(&self.package.as_str())
            || self.services.iter().any(|service| {
                let name = format!("{}.{}", self.package, service.name);
                services.contains(&name.as_str())
            })
    }
}

/// Returns the files of a descriptor set that define `services` or belong to [`SHARED`],
/// with all that they import.
fn select(all: &[u8], services: &[&str]) -> Result<Vec<u8>, prost::DecodeError> {
    let all = Files::decode(all)?.files;
    let files = all
        .iter()
        .map(|file| File::decode(file.as_ref()))
        .collect::<Result<Vec<_>, _>>()?;
    let by_name: HashMap<_, _> = files.iter().map(|file| (&file.name, file)).collect();
    let mut open: Vec<_> = files
        .iter()
        .filter(|file| file.is_root(services))
        .map(|file| &file.name)
        .collect();
    let mut selected = HashSet::new();
    while let Some(name) = open.pop() {
        if selected.insert(name) {
            open.extend(by_name.get(name).iter().flat_map(|file| &file.imports));
        }
    }
    let files = files
        .iter()
        .zip(all)
        .filter(|(file, _)| selected.contains(&file.name))
        .map(|(_, encoded)| encoded)
        .collect();
    Ok(Files { files }.encode_to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(set: &[u8]) -> Vec<String> {
        let files = Files::decode(set).unwrap().files;
        let name = |file: &Bytes| File::decode(file.as_ref()).unwrap().name;
        files.iter().map(name).collect()
    }

    #[test]
    fn a_port_describes_what_it_serves_and_what_that_imports() {
        let all = descriptors().unwrap();
        let of = |services: &[&str]| names(&select(&all, services).unwrap());
        let tickets = of(&["wangge.tickets.v1.TicketService"]);
        for own in [
            "wangge/tickets/v1/ticket_service.proto",
            "wangge/errors/v1/",
            "wangge/types/v1/",
            "google/rpc/status.proto",
            "google/rpc/error_details.proto",
            "buf/validate/validate.proto",
            "google/protobuf/timestamp.proto",
        ] {
            assert!(tickets.iter().any(|name| name.starts_with(own)), "{own}");
        }
        for other in ["reporting", "volunteers"] {
            let other = format!("wangge/{other}/");
            assert!(!tickets.iter().any(|name| name.starts_with(&other)));
        }
        // The errors' types, even where no service is.
        assert!(
            of(&[])
                .iter()
                .any(|name| name.starts_with("wangge/errors/"))
        );
    }

    /// Each file is the one of the contracts, byte for byte, so with its options, and
    /// there only once.
    #[test]
    fn files_keep_their_options() {
        let all = descriptors().unwrap();
        let unique: HashSet<_> = names(&all).into_iter().collect();
        assert_eq!(unique.len(), names(&all).len());
        let all = Files::decode(all.as_slice()).unwrap().files;
        for set in [
            wangge_api::FILE_DESCRIPTOR_SET.to_vec(),
            select(
                &descriptors().unwrap(),
                &["wangge.tickets.v1.TicketService"],
            )
            .unwrap(),
        ] {
            let files = Files::decode(set.as_slice()).unwrap().files;
            assert!(!files.is_empty());
            assert!(files.iter().all(|file| all.contains(file)));
        }
    }
}
