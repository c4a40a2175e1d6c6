//! Named values: where their text comes from, and their insertion into other properties.
//!
//! Precedence: the command line, then the environment, then the files. A value in a file may be a reference
//! (`env:NAME`, `file:path`). Inserted text is never searched again: `{{…}}` does not nest.

use std::collections::{HashMap, HashSet};

use tidegate_policy_xml::diagnostic::{Diagnostic, SourceFile};

use super::context::Context;
use super::object::Object;
use super::raw::{Raw, RawEntity};
use super::suggest::did_you_mean;
use super::tree::Node;
use crate::{Located, NamedValue, Origin, ResourceName, Secret};

/// What APIM accepts.
const MAX_VALUE_CHARACTERS: usize = 4096;

/// The named values of a service, by display name.
pub(crate) struct NamedValues {
    pub list: Vec<NamedValue>,
    by_name: HashMap<String, usize>,
}

impl NamedValues {
    /// Resolves all named values of the files, and those that only overrides define.
    pub fn load(context: &Context<'_>, raw: &Raw) -> Self {
        let mut values = Self {
            list: Vec::new(),
            by_name: HashMap::new(),
        };
        let idle = raw.names_of_loggers_only();
        for entity in &raw.named_values {
            let value = read(context, entity, &idle);
            if let Some(other) = values.by_name.get(&value.display_name)
                && let Some(other) = values.list.get(*other)
            {
                context.report(
                    value
                        .origin
                        .error(
                            "duplicate-name",
                            format!(
                                "two named values have the display name '{}'",
                                value.display_name
                            ),
                        )
                        .related(
                            &other.origin.file,
                            other.origin.range.clone(),
                            "the other one",
                        ),
                );
                continue;
            }
            values.push(value);
        }
        values.add_overrides(context, raw);
        values
    }

    fn push(&mut self, value: NamedValue) {
        self.by_name
            .insert(value.display_name.clone(), self.list.len());
        self.list.push(value);
    }

    /// Values that are given from outside only. Those of the command line are all taken; the environment is asked for
    /// the names that policies and entities mention.
    fn add_overrides(&mut self, context: &Context<'_>, raw: &Raw) {
        let known: HashSet<String> = self
            .list
            .iter()
            .flat_map(|value| [value.display_name.clone(), value.name.as_str().to_owned()])
            .collect();
        let mut names: Vec<String> = context
            .options
            .named_values
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        for text in raw.policy_texts() {
            names.extend(placeholders(text).map(|(_, name)| name.to_owned()));
        }
        for entity in raw.entities_with_names() {
            entity.node.visit_texts(&mut |text| {
                names.extend(placeholders(text).map(|(_, name)| name.to_owned()));
            });
        }
        let mut seen = HashSet::new();
        for name in names {
            if known.contains(&name) || !seen.insert(name.clone()) {
                continue;
            }
            if let Some(text) = overridden(context, &[&name]) {
                self.push(NamedValue {
                    name: ResourceName::from(name.as_str()),
                    display_name: name,
                    // Nothing says that it may be shown.
                    secret: true,
                    value: Some(Secret::new(text)),
                    tags: Vec::new(),
                    origin: Origin::new(
                        &SourceFile::new("(command line or environment)", ""),
                        0..0,
                    ),
                });
            }
        }
    }

    /// Replaces `{{name}}` in a property. Unknown names are reported and stay.
    pub fn substitute(&self, context: &Context<'_>, text: &Located<String>) -> Substituted {
        let mut result = String::new();
        let mut secret = false;
        let mut complete = true;
        let mut from = 0;
        for (range, name) in placeholders(&text.value) {
            let found = self
                .by_name
                .get(name)
                .and_then(|index| self.list.get(*index));
            let Some(found) = found else {
                complete = false;
                if !context.options.allow_unknown_named_values {
                    context.report(self.unknown(text, name));
                }
                continue;
            };
            secret |= found.secret;
            let Some(value) = &found.value else {
                complete = false;
                continue;
            };
            result.push_str(text.value.get(from..range.start).unwrap_or_default());
            result.push_str(value.expose());
            from = range.end;
        }
        result.push_str(text.value.get(from..).unwrap_or_default());
        Substituted {
            text: result,
            secret,
            complete,
        }
    }

    /// A property that may hold a secret: `{{name}}` is inserted, `env:NAME` and `file:PATH` are looked up.
    pub fn resolve(&self, context: &Context<'_>, text: &Located<String>, what: &str) -> Secret {
        Secret::new(if text.value.contains("{{") {
            self.substitute(context, text).text
        } else {
            resolve_reference(context, text, what).unwrap_or_default()
        })
    }

    fn unknown(&self, text: &Located<String>, name: &str) -> Diagnostic {
        // Point at the placeholder itself where the file spells it the same way.
        let source = text.origin.file.text();
        let mut origin = text.origin.clone();
        if let Some(written) = source.get(origin.range.clone())
            && let Some((range, _)) = placeholders(written).find(|(_, other)| *other == name)
        {
            origin.range = origin.range.start + range.start..origin.range.start + range.end;
        }
        let diagnostic = origin.error(
            "unknown-named-value",
            format!("Cannot find a property '{name}'"),
        );
        match did_you_mean(name, self.by_name.keys().map(String::as_str)) {
            Some(similar) => diagnostic.help(format!("there is a named value '{similar}'")),
            None => diagnostic.help(format!(
                "define a named value with the display name '{name}', or give one with --named-value {name}=VALUE"
            )),
        }
    }
}

/// A text after insertion.
pub(crate) struct Substituted {
    pub text: String,
    /// Whether a secret was inserted.
    pub secret: bool,
    /// Whether every name was found and had a value.
    pub complete: bool,
}

/// The `{{name}}` of a text: range and trimmed name.
fn placeholders(text: &str) -> impl Iterator<Item = (std::ops::Range<usize>, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(open) = text.get(from..).and_then(|rest| rest.find("{{")) {
            let start = from + open;
            let inner = start + 2;
            let end = inner + text.get(inner..)?.find("}}")?;
            let name = text.get(inner..end)?.trim();
            if is_name(name) {
                from = end + 2;
                return Some((start..end + 2, name));
            }
            from = start + 1;
        }
        None
    })
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 256
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

fn read(context: &Context<'_>, entity: &RawEntity, idle: &HashSet<&str>) -> NamedValue {
    // `name: value` is short for a plain value.
    let short = entity
        .node
        .as_text()
        .map(|text| Located::new(text.to_owned(), entity.node.origin.clone()));
    let empty = Node::null(entity.node.origin.clone());
    let node = if short.is_some() {
        &empty
    } else {
        &entity.node
    };
    let object = Object::new(
        context,
        node,
        format!("named value '{}'", entity.name.value),
    );
    let display_name = object
        .text("displayName")
        .unwrap_or_else(|| entity.name.clone());
    if !is_name(&display_name.value) {
        context.error(
            &display_name.origin,
            "invalid-value",
            format!(
                "named value '{}': displayName may hold 1 to 256 letters, digits, '-', '.' and '_' only",
                entity.name.value
            ),
        );
    }
    let key_vault = object.object("keyVault").map(|vault| {
        vault.ignore(&["lastStatus", "identityClientId"]);
        let identifier = vault.string("secretIdentifier");
        vault.finish();
        identifier.unwrap_or_default()
    });
    let secret = object.boolean("secret").unwrap_or(key_vault.is_some());
    let written = short.or_else(|| object.text("value"));
    let tags = object
        .texts("tags")
        .into_iter()
        .map(|tag| tag.value)
        .collect();
    object.ignore(&["provisioningState"]);
    object.finish();

    let names = [display_name.value.as_str(), entity.name.value.as_str()];
    let text = match overridden(context, &names) {
        Some(text) => Some((text, entity.name.origin.clone())),
        None => match &written {
            Some(written) => {
                let what = format!("named value '{}'", display_name.value);
                resolve_reference(context, written, &what)
                    .map(|text| (text, written.origin.clone()))
            }
            None => {
                if !context.options.allow_unknown_named_values
                    && !idle.contains(display_name.value.as_str())
                {
                    context.report(without_value(
                        &display_name.value,
                        &entity.name.origin,
                        key_vault.as_deref(),
                    ));
                }
                None
            }
        },
    };
    if let Some((text, origin)) = &text {
        if text.trim().is_empty() {
            context.error(
                origin,
                "invalid-value",
                format!(
                    "named value '{}': the value must not be empty",
                    display_name.value
                ),
            );
        } else if text.chars().count() > MAX_VALUE_CHARACTERS {
            context.warn(
                origin,
                "limit-exceeded",
                format!(
                    "named value '{}': the value is longer than the {MAX_VALUE_CHARACTERS} characters APIM accepts",
                    display_name.value
                ),
            );
        }
    }
    NamedValue {
        name: ResourceName::from(entity.name.value.as_str()),
        display_name: display_name.value,
        secret,
        value: text.map(|(text, _)| Secret::new(text)),
        tags,
        origin: entity.name.origin.clone(),
    }
}

fn without_value(name: &str, origin: &Origin, key_vault: Option<&str>) -> Diagnostic {
    let why = match key_vault {
        Some(identifier) => format!(
            "named value '{name}' lies in Azure Key Vault ({identifier}), which is not read"
        ),
        None => format!("named value '{name}' has no value here"),
    };
    origin.error("named-value-without-value", why).help(format!(
        "give it with --named-value {name}=VALUE or in the environment as {}",
        environment_name(name)
    ))
}

/// A value given from outside under one of several names.
fn overridden(context: &Context<'_>, names: &[&str]) -> Option<String> {
    for name in names {
        // The last one wins, as with any repeated option.
        let given = context
            .options
            .named_values
            .iter()
            .rev()
            .find(|(given, _)| given == name);
        if let Some((_, value)) = given {
            return Some(value.clone());
        }
    }
    names.iter().find_map(|name| {
        context
            .options
            .environment_variable(&environment_name(name))
            .or_else(|| {
                context
                    .options
                    .environment_variable(&format!("{PREFIX}{name}"))
            })
    })
}

const PREFIX: &str = "TIDEGATE_NAMED_VALUE_";

fn environment_name(name: &str) -> String {
    format!("{PREFIX}{}", environment_suffix(name))
}

/// A name as environment variables spell it: upper case, everything else than letters and digits an underscore.
pub(crate) fn environment_suffix(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}

/// Resolves `env:NAME` and `file:path`; any other text is the value itself.
/// `what` says for what, in the message about a missing one.
pub(crate) fn resolve_reference(
    context: &Context<'_>,
    text: &Located<String>,
    what: &str,
) -> Option<String> {
    if let Some(name) = text.value.strip_prefix("env:") {
        let name = name.trim();
        let value = context.options.environment_variable(name);
        if value.is_none() && !context.options.allow_unknown_named_values {
            context.error(
                &text.origin,
                "missing-value",
                format!("{what}: the environment variable {name} is not set"),
            );
        }
        return value;
    }
    if let Some(path) = text.value.strip_prefix("file:") {
        let content = context.read(&context.base.join(path.trim()), Some(&text.origin))?;
        // Editors and `echo` end files with a line break that is no part of a secret.
        return Some(content.trim_end_matches(['\r', '\n']).to_owned());
    }
    Some(text.value.clone())
}

impl Raw {
    /// Names that loggers mention, which have no effect, and nothing else does.
    fn names_of_loggers_only(&self) -> HashSet<&str> {
        let mut names = HashSet::new();
        for logger in &self.loggers {
            logger.visit_texts(&mut |text| names.extend(placeholders(text).map(|(_, name)| name)));
        }
        if names.is_empty() {
            return names;
        }
        for entity in self.entities_with_names() {
            entity.node.visit_texts(&mut |text| {
                for (_, name) in placeholders(text) {
                    names.remove(name);
                }
            });
        }
        for text in self.policy_texts() {
            for (_, name) in placeholders(text) {
                names.remove(name);
            }
        }
        names
    }

    /// Entities whose properties may hold named values.
    fn entities_with_names(&self) -> impl Iterator<Item = &RawEntity> {
        let apis = self.apis.iter().map(|api| &api.entity);
        self.backends.iter().chain(&self.subscriptions).chain(apis)
    }

    /// The texts of all policy documents known so far.
    fn policy_texts(&self) -> impl Iterator<Item = &str> {
        let beside = self
            .policy
            .iter()
            .chain(
                self.policy_fragments
                    .iter()
                    .filter_map(|entity| entity.policy.as_ref()),
            )
            .chain(self.apis.iter().flat_map(|api| {
                api.entity
                    .policy
                    .iter()
                    .chain(api.operation_policies.iter().map(|(_, policy)| policy))
            }))
            .chain(
                self.products
                    .iter()
                    .filter_map(|product| product.entity.policy.as_ref()),
            );
        beside.map(|policy| policy.file.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_trimmed_and_names_only() {
        let found: Vec<_> = placeholders("a{{ x }}b{{y.z-1}}{{not a name}}{{{w}}}{{").collect();
        assert_eq!(found, [(1..8, "x"), (9..18, "y.z-1"), (33..38, "w")]);
    }

    #[test]
    fn environment_names_are_upper_case_with_underscores() {
        assert_eq!(
            environment_name("aoai-1.key"),
            "TIDEGATE_NAMED_VALUE_AOAI_1_KEY"
        );
    }
}
