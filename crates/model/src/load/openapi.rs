//! Operations from OpenAPI 3.0, 3.1 and Swagger 2.0 documents.
//!
//! The tree of a specification flows in, operations flow out, together with the title and the server it names. It is
//! read leniently, for what a gateway needs: paths, methods, parameters of the template, declared responses. Security
//! schemes, cookies and servers of single paths have no effect, as in APIM's import.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::sync::Arc;

use super::context::Context;
use super::tree::{Entry, Node, Value};
use crate::{
    Example, Located, Operation, OperationResponse, Representation, ResourceName, Schema,
    TemplateParameter, UrlTemplate,
};

/// Methods in the words of OpenAPI.
const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];
/// How many references in a row are followed.
const MAX_REFERENCES: usize = 16;

/// What a specification says.
#[derive(Default)]
pub(crate) struct Description {
    pub title: Option<String>,
    pub server: Option<Located<String>>,
    pub operations: Vec<Operation>,
}

/// Reads a specification. `query_in_template` tells whether required query parameters become part of the template, as
/// they do unless `translateRequiredQueryParameters` says otherwise.
pub(crate) fn read(context: &Context<'_>, root: &Node, query_in_template: bool) -> Description {
    let swagger = root.get_text("swagger");
    let openapi = root.get_text("openapi");
    match (swagger, openapi) {
        (Some(version), _) if version.starts_with('2') => {}
        (_, Some(version)) if version.starts_with("3.") => {}
        _ => {
            context.error(
                &root.origin,
                "not-supported",
                "this is neither an OpenAPI 3 nor a Swagger 2.0 document: there is no `openapi: 3.…` and no `swagger: 2.…`",
            );
            return Description::default();
        }
    }
    let reader = Reader {
        context,
        root,
        is_swagger: openapi.is_none(),
        query_in_template,
        schemas: OnceCell::new(),
    };
    Description {
        title: root
            .get("info")
            .and_then(|info| info.get_text("title"))
            .map(str::to_owned),
        server: reader.server(),
        operations: reader.operations(),
    }
}

/// A resource name made of any text: lower case, runs of other characters than letters and digits become `-`.
pub(crate) fn normalised_name(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.ends_with('-') && !name.is_empty() {
            name.push('-');
        }
        if name.len() == 76 {
            break;
        }
    }
    name.trim_end_matches('-').to_owned()
}

struct Reader<'a> {
    context: &'a Context<'a>,
    root: &'a Node,
    is_swagger: bool,
    query_in_template: bool,
    /// The part of the document that schemas refer to, as JSON; made when the first schema is met.
    schemas: OnceCell<Arc<serde_json::Value>>,
}

impl<'a> Reader<'a> {
    fn server(&self) -> Option<Located<String>> {
        if self.is_swagger {
            return self.swagger_server();
        }
        let urls = self
            .root
            .get("servers")?
            .items()
            .iter()
            .filter_map(|server| {
                let node = server.get("url")?;
                let mut url = node.as_text()?.to_owned();
                for variable in server
                    .get("variables")
                    .map(Node::entries)
                    .unwrap_or_default()
                {
                    if let Some(default) = variable.value.get_text("default") {
                        url = url.replace(&format!("{{{}}}", variable.key.value), default);
                    }
                }
                let is_usable = url.contains("://") && !url.contains('{');
                is_usable.then(|| Located::new(url, node.origin.clone()))
            });
        first_https(urls)
    }

    fn swagger_server(&self) -> Option<Located<String>> {
        if let Some(servers) = self.root.get("x-servers") {
            let urls = servers.items().iter().filter_map(|server| {
                let node = server.get("url")?;
                Some(Located::new(
                    node.as_text()?.to_owned(),
                    node.origin.clone(),
                ))
            });
            return first_https(urls);
        }
        let host = self.root.get("host")?;
        let base = self.root.get_text("basePath").unwrap_or_default();
        let schemes = self
            .root
            .get("schemes")
            .map(Node::items)
            .unwrap_or_default();
        let is_http_only = !schemes.is_empty()
            && !schemes
                .iter()
                .any(|scheme| scheme.as_text() == Some("https"));
        let scheme = if is_http_only { "http" } else { "https" };
        let url = format!(
            "{scheme}://{}{}",
            host.as_text()?,
            base.trim_end_matches('/')
        );
        Some(Located::new(url, host.origin.clone()))
    }

    fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        let mut names = HashSet::new();
        for section in ["paths", "x-ms-paths"] {
            let Some(paths) = self.root.get(section) else {
                continue;
            };
            if !matches!(paths.value, Value::Mapping(_)) {
                let message = format!("{section}: expected a mapping, found {}", paths.kind());
                self.context.error(&paths.origin, "wrong-type", message);
            }
            for path in paths.entries() {
                if !path.key.value.starts_with('/') {
                    // Extensions stand between the paths.
                    if !path.key.value.starts_with("x-") {
                        self.context.error(
                            &path.key.origin,
                            "invalid-template",
                            "a path begins with '/'",
                        );
                    }
                    continue;
                }
                let Some(item) = self.resolve(&path.value) else {
                    continue;
                };
                let shared = item.get("parameters").map(Node::items).unwrap_or_default();
                for entry in item.entries() {
                    if METHODS.contains(&entry.key.value.as_str())
                        && let Some(operation) = self.operation(path, shared, entry, &mut names)
                    {
                        operations.push(operation);
                    }
                }
            }
        }
        operations
    }

    fn operation(
        &self,
        path: &Entry,
        shared: &'a [Node],
        entry: &'a Entry,
        names: &mut HashSet<String>,
    ) -> Option<Operation> {
        let method = entry.key.value.to_ascii_uppercase();
        let node = &entry.value;
        let id = node
            .get_text("operationId")
            .filter(|id| !id.trim().is_empty());
        let name = unique_name(
            id.map_or_else(
                || normalised_name(&format!("{method} {}", path.key.value)),
                resource_name,
            ),
            names,
        );

        let parameters = self.parameters(shared, node);
        let mut text = path.key.value.clone();
        if self.query_in_template {
            for parameter in parameters
                .iter()
                .filter(|parameter| parameter.is_query && parameter.data.required)
            {
                let name = &parameter.data.name;
                text.push(if text.contains('?') { '&' } else { '?' });
                text.push_str(&format!("{name}={{{name}}}"));
            }
        }
        let template = match UrlTemplate::parse(&text) {
            Ok(template) => template,
            Err(error) => {
                self.context.error(
                    &path.key.origin,
                    "invalid-template",
                    format!(
                        "operation '{name}': the path cannot be used as a URL template: {error}"
                    ),
                );
                return None;
            }
        };
        let known: Vec<&str> = template.parameters().collect();
        let template_parameters = parameters
            .into_iter()
            .map(|parameter| parameter.data)
            .filter(|parameter| known.contains(&parameter.name.as_str()))
            .collect();
        Some(Operation {
            display_name: node
                .get_text("summary")
                .filter(|summary| !summary.trim().is_empty())
                .or(id)
                .unwrap_or(&name)
                .chars()
                .take(300)
                .collect(),
            name: ResourceName::from(name.as_str()),
            description: node.get_text("description").map(str::to_owned),
            method,
            template,
            template_parameters,
            responses: self.responses(node),
            policy: None,
            origin: entry.key.origin.clone(),
        })
    }

    /// The parameters of an operation; its own ones win over those of its path.
    fn parameters(&self, shared: &'a [Node], operation: &'a Node) -> Vec<Parameter> {
        let own = operation
            .get("parameters")
            .map(Node::items)
            .unwrap_or_default();
        let mut known = HashSet::new();
        let mut parameters: Vec<Parameter> = Vec::new();
        for node in own.iter().chain(shared) {
            let Some(node) = self.resolve(node) else {
                continue;
            };
            let (Some(name), Some(place)) = (node.get_text("name"), node.get_text("in")) else {
                continue;
            };
            if !matches!(place, "path" | "query") || !known.insert((place, name)) {
                continue;
            }
            let schema = node
                .get("schema")
                .and_then(|schema| self.resolve(schema))
                .unwrap_or(node);
            parameters.push(Parameter {
                is_query: place == "query",
                data: TemplateParameter {
                    name: name.to_owned(),
                    description: node.get_text("description").map(str::to_owned),
                    schema_type: schema.get_text("type").map(str::to_owned),
                    required: place == "path" || node.get_text("required") == Some("true"),
                    default_value: schema.get_text("default").map(str::to_owned),
                    values: schema
                        .get("enum")
                        .map(Node::items)
                        .unwrap_or_default()
                        .iter()
                        .filter_map(Node::as_text)
                        .map(str::to_owned)
                        .collect(),
                },
            });
        }
        parameters
    }

    fn responses(&self, operation: &'a Node) -> Vec<OperationResponse> {
        let mut responses = Vec::new();
        for entry in operation
            .get("responses")
            .map(Node::entries)
            .unwrap_or_default()
        {
            // `default` and ranges such as `4XX` name no status a response could be declared for.
            let Ok(status_code) = entry.key.value.parse::<u16>() else {
                continue;
            };
            let Some(node) = self.resolve(&entry.value) else {
                continue;
            };
            let representations = if self.is_swagger {
                self.swagger_representations(operation, node)
            } else {
                node.get("content")
                    .map(Node::entries)
                    .unwrap_or_default()
                    .iter()
                    .map(|content| Representation {
                        content_type: content.key.value.clone(),
                        examples: self.examples(&content.value),
                        schema: content
                            .value
                            .get("schema")
                            .map(|schema| self.schema(schema)),
                    })
                    .collect()
            };
            responses.push(OperationResponse {
                status_code,
                description: node.get_text("description").map(str::to_owned),
                representations,
            });
        }
        responses
    }

    fn swagger_representations(
        &self,
        operation: &'a Node,
        response: &'a Node,
    ) -> Vec<Representation> {
        let examples = response
            .get("examples")
            .map(Node::entries)
            .unwrap_or_default();
        let schema = response.get("schema").map(|schema| self.schema(schema));
        let produces = operation
            .get("produces")
            .or_else(|| self.root.get("produces"));
        let mut types: Vec<&str> = produces
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::as_text)
            .collect();
        for example in examples {
            if !types.contains(&example.key.value.as_str()) {
                types.push(&example.key.value);
            }
        }
        if types.is_empty() && schema.is_some() {
            types.push("application/json");
        }
        types
            .into_iter()
            .map(|content_type| Representation {
                content_type: content_type.to_owned(),
                examples: examples
                    .iter()
                    .filter(|example| example.key.value == content_type)
                    .map(|example| Example {
                        name: "default".to_owned(),
                        value: example.value.to_json(),
                    })
                    .collect(),
                schema: schema.clone(),
            })
            .collect()
    }

    fn examples(&self, content: &'a Node) -> Vec<Example> {
        let named = content
            .get("examples")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .filter_map(|entry| {
                let value = self.resolve(&entry.value)?.get("value")?;
                Some(Example {
                    name: entry.key.value.clone(),
                    value: value.to_json(),
                })
            });
        let single = content.get("example").map(|value| Example {
            name: "default".to_owned(),
            value: value.to_json(),
        });
        named.chain(single).collect()
    }

    fn schema(&self, node: &Node) -> Schema {
        let root = self.schemas.get_or_init(|| {
            let mut parts = serde_json::Map::new();
            if let Some(schemas) = self
                .root
                .get("components")
                .and_then(|components| components.get("schemas"))
            {
                let schemas = serde_json::json!({ "schemas": schemas.to_json() });
                parts.insert("components".to_owned(), schemas);
            }
            if let Some(definitions) = self.root.get("definitions") {
                parts.insert("definitions".to_owned(), definitions.to_json());
            }
            Arc::new(serde_json::Value::Object(parts))
        });
        Schema {
            definition: Arc::new(node.to_json()),
            root: root.clone(),
        }
    }

    /// Follows references inside the document; those to other files are reported.
    fn resolve(&self, mut node: &'a Node) -> Option<&'a Node> {
        for _ in 0..MAX_REFERENCES {
            let Some(reference) = node.get("$ref") else {
                return Some(node);
            };
            let text = reference.as_text()?;
            let found = text.strip_prefix("#/").and_then(|pointer| {
                pointer.split('/').try_fold(self.root, |node, part| {
                    let part = part.replace("~1", "/").replace("~0", "~");
                    match &node.value {
                        Value::Mapping(_) => node.get(&part),
                        Value::Sequence(items) => items.get(part.parse::<usize>().ok()?),
                        _ => None,
                    }
                })
            });
            match found {
                Some(found) => node = found,
                None => {
                    self.context.warn(
                        &reference.origin,
                        "unresolved-reference",
                        "the reference leads nowhere in this file and is left out",
                    );
                    return None;
                }
            }
        }
        self.context.warn(
            &node.origin,
            "unresolved-reference",
            "the reference leads in a circle and is left out",
        );
        None
    }
}

struct Parameter {
    is_query: bool,
    data: TemplateParameter,
}

/// The first https URL, else the first one.
fn first_https(urls: impl Iterator<Item = Located<String>>) -> Option<Located<String>> {
    let mut urls: Vec<_> = urls.collect();
    let at = urls
        .iter()
        .position(|url| url.value.starts_with("https://"))
        .unwrap_or(0);
    (at < urls.len()).then(|| urls.swap_remove(at))
}

/// An operationId as a resource name: as it is where it can be one.
fn resource_name(id: &str) -> String {
    let id = id.trim();
    let is_usable = id.chars().count() <= 80
        && !id.contains(['*', '#', '&', '+', ':', '<', '>', '?', '/', '\\'])
        && !id.chars().any(|c| c.is_control() || c.is_whitespace());
    if is_usable {
        id.to_owned()
    } else {
        normalised_name(id)
    }
}

fn unique_name(name: String, names: &mut HashSet<String>) -> String {
    if names.insert(name.to_lowercase()) {
        return name;
    }
    for number in 1..=999 {
        let candidate = format!("{name}-{number}");
        if names.insert(candidate.to_lowercase()) {
            return candidate;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_as_apim_does() {
        assert_eq!(
            normalised_name("ChatCompletions_Create"),
            "chatcompletions-create"
        );
        assert_eq!(normalised_name("GET /foo/{bar}/"), "get-foo-bar");
        assert_eq!(normalised_name(&"a".repeat(100)).len(), 76);
    }

    #[test]
    fn operation_ids_stay_as_they_are_where_possible() {
        assert_eq!(resource_name("Completions_Create"), "Completions_Create");
        assert_eq!(resource_name("list all: things"), "list-all-things");
        let mut names = HashSet::new();
        assert_eq!(unique_name("a".into(), &mut names), "a");
        assert_eq!(unique_name("A".into(), &mut names), "A-1");
        assert_eq!(unique_name("a".into(), &mut names), "a-2");
    }
}
