//! Loading: from files to a checked [`Service`].
//!
//! Every source (`tidegate.yaml`, an APIOps extract) is first brought to one untyped form, overrides are merged into
//! it, then entities are read one kind after the other, and finally checked against each other. All findings of all
//! files are collected; one error is enough to keep the service from being used.

mod api;
mod apiops;
mod backend;
mod blots;
mod breaker;
mod checks;
mod context;
mod credentials;
mod named_values;
mod object;
mod openapi;
mod operation;
mod overrides;
mod parse;
mod pool;
mod product;
mod raw;
mod settings;
mod suggest;
#[cfg(test)]
mod tests;
mod tidegate_yaml;
mod tree;

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidegate_policy_xml::diagnostic::{Diagnostic, Severity};

use self::context::Context;
use self::named_values::NamedValues;
use self::raw::Raw;
use crate::{BackendKind, GatewaySettings, Located, PolicyDocument, ResourceName, Service};

/// Names of the file a configuration folder is recognised by.
const FILE_NAMES: [&str; 2] = ["tidegate.yaml", "tidegate.yml"];

/// Looks up an environment variable.
pub type EnvironmentLookup = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What loading depends on besides the files.
#[derive(Clone, Default)]
pub struct LoadOptions {
    /// Named values that win over everything else, by display name; the last of a name counts.
    pub named_values: Vec<(String, String)>,
    /// A `configuration.<env>.yaml` with overrides for one environment.
    pub environment: Option<PathBuf>,
    /// Whether unknown named values and those without a value are accepted; such a service can be checked, not run.
    pub allow_unknown_named_values: bool,
    /// Environment variables; none are seen without it.
    pub env: Option<EnvironmentLookup>,
}

impl LoadOptions {
    /// No overrides, the environment of this process.
    pub fn from_process_environment() -> Self {
        Self {
            env: Some(Arc::new(|name| std::env::var(name).ok())),
            ..Self::default()
        }
    }

    fn environment_variable(&self, name: &str) -> Option<String> {
        self.env.as_ref().and_then(|lookup| lookup(name))
    }
}

impl fmt::Debug for LoadOptions {
    // Values are left out: they may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self
            .named_values
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        f.debug_struct("LoadOptions")
            .field("named_values", &names)
            .field("environment", &self.environment)
            .field(
                "allow_unknown_named_values",
                &self.allow_unknown_named_values,
            )
            .finish_non_exhaustive()
    }
}

/// What loading yields.
#[derive(Debug)]
pub struct Loaded {
    /// The service; absent when there is an error among the diagnostics.
    pub service: Option<Service>,
    /// Everything found, in the order of reading.
    pub diagnostics: Vec<Diagnostic>,
    /// Files and folders whose change means that loading again may yield something else.
    pub watched: Vec<PathBuf>,
}

/// Whether [`load`] would find a configuration at `path`: a file that is no policy document, a folder that holds a
/// `tidegate.yaml`, or an APIOps extract.
pub fn is_configuration(path: &Path) -> bool {
    if path.is_dir() {
        FILE_NAMES.iter().any(|name| path.join(name).is_file()) || apiops::is_extract(path)
    } else {
        path.is_file()
            && !path
                .extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("xml"))
    }
}

/// Loads a configuration: a `tidegate.yaml`, a folder that holds one, or a folder extracted with APIOps.
pub fn load(path: &Path, options: &LoadOptions) -> Loaded {
    let refuse = |diagnostic: Diagnostic| Loaded {
        service: None,
        diagnostics: vec![diagnostic],
        watched: vec![path.to_owned()],
    };
    if path.is_dir() {
        let file = FILE_NAMES
            .iter()
            .map(|name| path.join(name))
            .find(|file| file.is_file());
        if let Some(file) = file {
            return load_file(&file, options);
        }
        if apiops::is_extract(path) {
            let context = Context::new(options, path.to_owned(), Severity::Warning);
            let raw = apiops::read(&context, path);
            return finish(context, Some(raw));
        }
        let diagnostic = Diagnostic::error(
            "no-configuration",
            format!(
                "{}: there is neither a {} nor an APIOps extract (folders such as 'apis' and 'backends') in this folder",
                Context::show(path),
                FILE_NAMES[0]
            ),
        );
        let inner = apiops::subfolders(path)
            .into_iter()
            .find(|(_, inner)| apiops::is_extract(inner) || inner.join(FILE_NAMES[0]).is_file());
        return refuse(match inner {
            Some((_, inner)) => {
                diagnostic.help(format!("there is one in {}", Context::show(&inner)))
            }
            None => diagnostic,
        });
    }
    if !path.exists() {
        return refuse(Diagnostic::error(
            "unreadable-file",
            format!("{}: there is no such file or folder", Context::show(path)),
        ));
    }
    load_file(path, options)
}

fn load_file(path: &Path, options: &LoadOptions) -> Loaded {
    let base = path.parent().map(Path::to_owned).unwrap_or_default();
    let context = Context::new(options, base, Severity::Error);
    let raw = tidegate_yaml::read(&context, path);
    finish(context, raw)
}

fn finish(context: Context<'_>, raw: Option<Raw>) -> Loaded {
    let service = raw.map(|mut raw| {
        if let Some(overrides) = &context.options.environment {
            overrides::apply(&context, overrides, &mut raw);
        }
        let mut service = build(&context, &raw);
        spell_alike(&mut service);
        checks::check(&context, &service);
        service
    });
    let (diagnostics, watched) = context.into_parts();
    let is_usable = !diagnostics.iter().any(Diagnostic::is_error);
    Loaded {
        service: service.filter(|_| is_usable),
        diagnostics,
        watched,
    }
}

/// Spells references as the entity they mean is spelt: names are compared without case, and who looks one up later
/// should not have to.
fn spell_alike(service: &mut Service) {
    let backends: HashSet<ResourceName> = service
        .backends
        .iter()
        .map(|backend| backend.name.clone())
        .collect();
    for backend in &mut service.backends {
        if let BackendKind::Pool(pool) = &mut backend.kind {
            for member in &mut pool.members {
                respell(&mut member.backend, &backends);
            }
        }
    }
    let groups: HashSet<ResourceName> = service
        .groups
        .iter()
        .map(|group| group.name.clone())
        .collect();
    let of_products = service
        .products
        .iter_mut()
        .map(|product| &mut product.groups);
    let of_users = service.users.iter_mut().map(|user| &mut user.groups);
    for group in of_products.chain(of_users).flatten() {
        respell(group, &groups);
    }
}

fn respell(reference: &mut Located<ResourceName>, names: &HashSet<ResourceName>) {
    if let Some(name) = names.get(&reference.value) {
        reference.value = name.clone();
    }
}

/// Reads all entities. Mistakes are reported; the result is complete anyway, so that the checks find what else is wrong.
fn build(context: &Context<'_>, raw: &Raw) -> Service {
    let values = NamedValues::load(context, raw);
    let mut apis: Vec<_> = raw
        .apis
        .iter()
        .map(|api| api::read(context, &values, api, raw.own_format))
        .collect();
    api::drop_repeated_revisions(context, &mut apis);
    api::share_with_revisions(context, &mut apis);
    Service {
        policy: raw
            .policy
            .clone()
            .unwrap_or_else(PolicyDocument::default_global),
        apis,
        version_sets: raw
            .version_sets
            .iter()
            .map(|entity| api::read_version_set(context, entity))
            .collect(),
        products: raw
            .products
            .iter()
            .map(|product| product::read(context, product))
            .collect(),
        subscriptions: raw
            .subscriptions
            .iter()
            .map(|entity| product::read_subscription(context, &values, entity))
            .collect(),
        backends: raw
            .backends
            .iter()
            .map(|entity| backend::read(context, &values, entity))
            .collect(),
        policy_fragments: raw
            .policy_fragments
            .iter()
            .filter_map(|entity| product::read_fragment(context, entity))
            .collect(),
        certificates: raw
            .certificates
            .iter()
            .map(|entity| credentials::read_certificate(context, entity))
            .collect(),
        groups: raw
            .groups
            .iter()
            .map(|entity| product::read_group(context, entity))
            .collect(),
        users: raw
            .users
            .iter()
            .map(|entity| product::read_user(context, entity))
            .collect(),
        gateway: raw
            .gateway
            .as_ref()
            .map_or_else(GatewaySettings::default, |node| {
                settings::read(context, node)
            }),
        named_values: values.list,
    }
}
