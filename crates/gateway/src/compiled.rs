//! A loaded configuration in the form requests run: every document compiled, every program linked, everything a
//! request needs found by index.
//!
//! A `model::Service` goes in; a [`Compiled`] comes out, or all the reasons why not.

use std::collections::HashMap;
use std::sync::Arc;

use tidegate_balancing::BackendRegistry;
use tidegate_expressions::{
    ApiInfo, DeploymentInfo, GroupInfo, IdentityInfo, Limits, OperationInfo, ProductInfo,
    SubscriptionInfo, UserInfo,
};
use tidegate_model::{
    Api, ApiIndex, ExpressionLimits, Operation, OperationIndex, PolicyDocument, ProductIndex,
    QueryConstraint, Service, SubscriptionIndex,
};
use tidegate_pipeline::{
    Declared, DeclaredResponse, Program, Representation, Runtime, Scope, Target,
};
use tidegate_policies::{CompiledDocument, Context, compile_document, link};
use tidegate_policy_xml::diagnostic::Diagnostic;
use tidegate_policy_xml::{Document, NamedValue};

use crate::backends;
use crate::route::Router;

/// What a request of one operation runs, in each product's context.
#[derive(Debug)]
struct Programs {
    plain: Arc<Program>,
    by_product: Vec<(ProductIndex, Arc<Program>)>,
}

impl Programs {
    fn get(&self, product: Option<ProductIndex>) -> &Arc<Program> {
        product
            .and_then(|product| {
                self.by_product
                    .iter()
                    .find(|(index, _)| *index == product)
                    .map(|(_, program)| program)
            })
            .unwrap_or(&self.plain)
    }
}

/// An operation in its running form.
#[derive(Debug)]
struct CompiledOperation {
    info: Arc<OperationInfo>,
    declared: Arc<Declared>,
    programs: Programs,
}

/// An API in its running form.
#[derive(Debug)]
struct CompiledApi {
    info: Arc<ApiInfo>,
    service_url: Option<Arc<Target>>,
    /// For a request that matches no operation.
    programs: Programs,
    operations: Vec<CompiledOperation>,
}

/// What the operation found by the router brings to the exchange.
#[derive(Debug)]
pub struct Found<'a> {
    /// `context.Api`
    pub api: &'a Arc<ApiInfo>,
    /// `context.Operation`
    pub operation: Option<&'a Arc<OperationInfo>>,
    /// The API's default backend.
    pub service_url: Option<&'a Arc<Target>>,
    /// The effective policy.
    pub program: &'a Arc<Program>,
    /// What the operation declares.
    pub declared: Option<&'a Arc<Declared>>,
}

/// A configuration, ready to serve.
pub struct Compiled {
    /// Finds API and operation, checks keys.
    pub router: Router,
    /// What all requests share.
    pub runtime: Arc<Runtime>,
    /// The configuration it was made of.
    pub service: Service,
    global: Arc<Program>,
    apis: Vec<CompiledApi>,
    products: Vec<Arc<ProductInfo>>,
    subscriptions: Vec<[Arc<SubscriptionInfo>; 2]>,
    users: Vec<Arc<UserInfo>>,
    owners: Vec<Option<usize>>,
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled")
            .field("apis", &self.apis.len())
            .finish_non_exhaustive()
    }
}

impl Compiled {
    /// Compiles a configuration. Warnings come with it; with an error there is none. `previous` hands over the state
    /// of backends that stay the same.
    pub fn new(
        service: Service,
        previous: Option<&BackendRegistry>,
    ) -> (Option<Self>, Vec<Diagnostic>) {
        Self::build(service, previous, false)
    }

    /// Compiles a configuration to find what is wrong with it. With `allow_unknown_named_values` those without a value
    /// are no errors; what comes out can then be looked at, not run.
    pub fn check(
        service: Service,
        allow_unknown_named_values: bool,
    ) -> (Option<Self>, Vec<Diagnostic>) {
        Self::build(service, None, allow_unknown_named_values)
    }

    fn build(
        service: Service,
        previous: Option<&BackendRegistry>,
        allow_unknown_named_values: bool,
    ) -> (Option<Self>, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let compiled = Builder {
            service: &service,
            diagnostics: &mut diagnostics,
            allow_unknown_named_values,
        }
        .build(previous);
        let failed = diagnostics.iter().any(Diagnostic::is_error);
        let Some(parts) = compiled.filter(|_| !failed) else {
            return (None, diagnostics);
        };
        let compiled = Self {
            router: Router::build(&service),
            runtime: parts.runtime,
            global: parts.global,
            apis: parts.apis,
            products: parts.products,
            subscriptions: parts.subscriptions,
            users: parts.users,
            owners: parts.owners,
            service,
        };
        (Some(compiled), diagnostics)
    }

    /// Named values as policies see them, by display name.
    pub fn named_values(&self) -> HashMap<String, NamedValue> {
        named_values(&self.service)
    }

    /// The program of global scope, for requests that match no API.
    pub fn global(&self) -> &Arc<Program> {
        &self.global
    }

    /// An API's or operation's part in an exchange.
    pub fn find(
        &self,
        api: ApiIndex,
        operation: Option<OperationIndex>,
        product: Option<ProductIndex>,
    ) -> Option<Found<'_>> {
        let api = self.apis.get(api.get())?;
        let operation = match operation {
            Some(operation) => Some(api.operations.get(operation.get())?),
            None => None,
        };
        Some(Found {
            api: &api.info,
            operation: operation.map(|operation| &operation.info),
            service_url: api.service_url.as_ref(),
            program: operation
                .map_or(&api.programs, |operation| &operation.programs)
                .get(product),
            declared: operation.map(|operation| &operation.declared),
        })
    }

    /// `context.Product`
    pub fn product(&self, index: ProductIndex) -> Option<&Arc<ProductInfo>> {
        self.products.get(index.get())
    }

    /// `context.Subscription` with the key that was sent, and its owner.
    pub fn subscription(
        &self,
        index: SubscriptionIndex,
        secondary: bool,
    ) -> Option<(&Arc<SubscriptionInfo>, Option<&Arc<UserInfo>>)> {
        let info = &self.subscriptions.get(index.get())?[usize::from(secondary)];
        let owner = self
            .owners
            .get(index.get())
            .copied()
            .flatten()
            .and_then(|owner| self.users.get(owner));
        Some((info, owner))
    }
}

struct Parts {
    runtime: Arc<Runtime>,
    global: Arc<Program>,
    apis: Vec<CompiledApi>,
    products: Vec<Arc<ProductInfo>>,
    subscriptions: Vec<[Arc<SubscriptionInfo>; 2]>,
    users: Vec<Arc<UserInfo>>,
    owners: Vec<Option<usize>>,
}

struct Builder<'a> {
    service: &'a Service,
    diagnostics: &'a mut Vec<Diagnostic>,
    allow_unknown_named_values: bool,
}

impl Builder<'_> {
    fn build(&mut self, previous: Option<&BackendRegistry>) -> Option<Parts> {
        let service = self.service;
        let backends = backends::build(service, previous, self.diagnostics)?;
        let named_values = named_values(service);
        let fragments = self.fragments();
        let settings = &service.gateway;
        let runtime = Arc::new(Runtime {
            deployment: Arc::new(DeploymentInfo {
                gateway_id: settings.gateway_id.as_str().into(),
                region: settings.region.as_str().into(),
                service_id: settings.service_name.as_str().into(),
                service_name: settings.service_name.as_str().into(),
            }),
            backends,
            limits: tidegate_pipeline::Limits {
                request_buffer: settings.limits.buffered_body_bytes,
                response_buffer: settings.limits.buffered_body_bytes,
                ..tidegate_pipeline::Limits::default()
            },
            secrets: secrets(service),
            null_response_after_transport_failure: false,
            always_strip_subscription_key: settings.strip_subscription_key,
            base_url_overrides_inherited_backend: false,
        });
        let mut documents = Documents {
            context: Context {
                named_values: &named_values,
                fragments: &fragments,
                backends: &runtime.backends,
                expressions: tidegate_expressions::Options {
                    limits: expression_limits(&settings.expressions),
                    strict: settings.strict_expressions,
                },
                allow_unknown_named_values: self.allow_unknown_named_values,
                allow_unknown_references: false,
                template_parameters: None,
            },
            diagnostics: self.diagnostics,
        };
        let global = documents.compile(&service.policy, Scope::Global, None);
        let product_documents: Vec<Option<CompiledDocument>> = service
            .products
            .iter()
            .map(|product| {
                let policy = product.policy.as_ref()?;
                Some(documents.compile(policy, Scope::Product, None))
            })
            .collect();
        let api_documents: Vec<(Option<CompiledDocument>, Vec<Option<CompiledDocument>>)> = service
            .apis
            .iter()
            .map(|api| {
                let own = api
                    .policy
                    .as_ref()
                    .map(|policy| documents.compile(policy, Scope::Api, None));
                let operations = api
                    .operations
                    .iter()
                    .map(|operation| {
                        let policy = operation.policy.as_ref()?;
                        let parameters = template_parameters(operation);
                        Some(documents.compile(policy, Scope::Operation, Some(&parameters)))
                    })
                    .collect();
                (own, operations)
            })
            .collect();
        // Fragments nobody includes are checked all the same.
        for document in fragments.values() {
            let findings = tidegate_policies::check_fragment(document, &documents.context);
            documents.diagnostics.extend(findings);
        }
        deduplicate(documents.diagnostics);

        let api_infos: Vec<Arc<ApiInfo>> = service.apis.iter().map(api_info).collect();
        let groups: HashMap<&str, GroupInfo> = service
            .groups
            .iter()
            .map(|group| {
                let info = GroupInfo {
                    id: group.name.shared(),
                    name: group.display_name.as_str().into(),
                };
                (group.name.as_str(), info)
            })
            .collect();
        let products_of_apis = service.products_of_apis();
        let products = self.products(&api_infos, &products_of_apis, &groups);
        let mut apis = Vec::with_capacity(service.apis.len());
        for (index, (api, (api_document, operation_documents))) in
            service.apis.iter().zip(&api_documents).enumerate()
        {
            let in_products: &[ProductIndex] =
                products_of_apis.get(index).map_or(&[], Vec::as_slice);
            let linked = |operation: Option<&CompiledDocument>| {
                let program = |product: Option<&CompiledDocument>| {
                    let chain: Vec<&CompiledDocument> =
                        [Some(&global), product, api_document.as_ref(), operation]
                            .into_iter()
                            .flatten()
                            .collect();
                    Arc::new(link(&chain))
                };
                Programs {
                    plain: program(None),
                    by_product: in_products
                        .iter()
                        .filter_map(|product| {
                            let document = product_documents.get(product.get())?.as_ref()?;
                            Some((*product, program(Some(document))))
                        })
                        .collect(),
                }
            };
            let shared = linked(None);
            let operations = api
                .operations
                .iter()
                .zip(operation_documents)
                .map(|(operation, document)| CompiledOperation {
                    info: Arc::new(OperationInfo {
                        id: operation.name.shared(),
                        method: operation.method.as_str().into(),
                        name: operation.display_name.as_str().into(),
                        url_template: operation.template.shared(),
                    }),
                    declared: Arc::new(Declared {
                        template_query: template_query(operation),
                        responses: responses(operation),
                    }),
                    programs: match document {
                        Some(document) => linked(Some(document)),
                        // Without a document of its own an operation runs what the API runs.
                        None => Programs {
                            plain: shared.plain.clone(),
                            by_product: shared.by_product.clone(),
                        },
                    },
                })
                .collect();
            let service_url = match &api.service_url {
                None => None,
                Some(url) => match runtime.backends.bare_target(&url.value) {
                    Ok(target) => Some(target),
                    Err(error) => {
                        self.diagnostics.push(
                            Diagnostic::error("invalid-value", format!("serviceUrl: {error}"))
                                .at(&url.origin.file, url.origin.range.clone()),
                        );
                        None
                    }
                },
            };
            apis.push(CompiledApi {
                info: api_infos.get(index)?.clone(),
                service_url,
                programs: shared,
                operations,
            });
        }
        let (users, owners) = self.users(&groups);
        Some(Parts {
            global: Arc::new(link(&[&global])),
            apis,
            products,
            subscriptions: service.subscriptions.iter().map(subscription).collect(),
            users,
            owners,
            runtime,
        })
    }

    fn fragments(&mut self) -> HashMap<String, Arc<Document>> {
        let mut fragments = HashMap::new();
        for fragment in &self.service.policy_fragments {
            let parsed = tidegate_policy_xml::parse(&fragment.document.file);
            self.diagnostics.extend(parsed.diagnostics);
            if let Some(document) = parsed.document {
                fragments.insert(fragment.name.as_str().to_owned(), Arc::new(document));
            }
        }
        fragments
    }

    fn products(
        &self,
        apis: &[Arc<ApiInfo>],
        products_of_apis: &[Vec<ProductIndex>],
        groups: &HashMap<&str, GroupInfo>,
    ) -> Vec<Arc<ProductInfo>> {
        self.service
            .products
            .iter()
            .enumerate()
            .map(|(index, product)| {
                let index = ProductIndex::from(index);
                let members = apis
                    .iter()
                    .zip(products_of_apis)
                    .filter(|(_, products)| products.contains(&index))
                    .map(|(api, _)| api.clone())
                    .collect();
                Arc::new(ProductInfo {
                    id: product.name.shared(),
                    name: product.display_name.as_str().into(),
                    apis: members,
                    groups: product
                        .groups
                        .iter()
                        .filter_map(|group| groups.get(group.value.as_str()).cloned())
                        .collect(),
                    approval_required: product.approval_required,
                    subscription_required: product.subscription_required,
                    published: product.published,
                    subscription_limit: product
                        .subscriptions_limit
                        .and_then(|limit| i32::try_from(limit).ok()),
                })
            })
            .collect()
    }

    fn users(&self, groups: &HashMap<&str, GroupInfo>) -> (Vec<Arc<UserInfo>>, Vec<Option<usize>>) {
        let users = self
            .service
            .users
            .iter()
            .map(|user| {
                Arc::new(UserInfo {
                    id: user.name.shared(),
                    email: user.email.as_str().into(),
                    first_name: user.first_name.as_str().into(),
                    last_name: user.last_name.as_str().into(),
                    note: user.note.as_str().into(),
                    groups: user
                        .groups
                        .iter()
                        .filter_map(|group| groups.get(group.value.as_str()).cloned())
                        .collect(),
                    identities: user
                        .identities
                        .iter()
                        .map(|identity| IdentityInfo {
                            id: identity.id.as_str().into(),
                            provider: identity.provider.as_str().into(),
                        })
                        .collect(),
                    registration_date: user.registration_date.map_or(0, ticks),
                })
            })
            .collect();
        let owners = self
            .service
            .subscriptions
            .iter()
            .map(|subscription| {
                let owner = subscription.owner.as_ref()?;
                self.service
                    .users
                    .iter()
                    .position(|user| user.name == owner.value)
            })
            .collect();
        (users, owners)
    }
}

/// Compiles documents against one context and gathers what it finds.
struct Documents<'a> {
    context: Context<'a>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Documents<'_> {
    fn compile(
        &mut self,
        policy: &PolicyDocument,
        scope: Scope,
        template_parameters: Option<&[Arc<str>]>,
    ) -> CompiledDocument {
        let parsed = tidegate_policy_xml::parse(&policy.file);
        self.diagnostics.extend(parsed.diagnostics);
        let Some(document) = parsed.document else {
            return CompiledDocument::default();
        };
        let context = Context {
            template_parameters,
            ..self.context
        };
        let (compiled, findings) = compile_document(&document, scope, &context);
        self.diagnostics.extend(findings);
        compiled
    }
}

/// A fragment is compiled wherever it is included; its findings are told once.
fn deduplicate(diagnostics: &mut Vec<Diagnostic>) {
    let mut seen = std::collections::HashSet::new();
    diagnostics.retain(|diagnostic| {
        let place = diagnostic.place.as_ref().map(|place| {
            (
                Arc::as_ptr(&place.file) as usize,
                place.range.start,
                place.range.end,
            )
        });
        seen.insert((diagnostic.code, place, diagnostic.message.clone()))
    });
}

/// Named values as policies see them.
pub(crate) fn named_values(service: &Service) -> HashMap<String, NamedValue> {
    service
        .named_values
        .iter()
        .filter_map(|value| {
            let text = value.value.as_ref()?;
            Some((
                value.display_name.clone(),
                NamedValue {
                    text: text.expose().clone(),
                    secret: value.secret,
                },
            ))
        })
        .collect()
}

/// Everything that must never be written to a trace: secret named values, keys, credentials of backends.
fn secrets(service: &Service) -> Vec<Arc<str>> {
    let named = service
        .named_values
        .iter()
        .filter(|value| value.secret)
        .filter_map(|value| value.value.as_ref());
    let keys = service
        .subscriptions
        .iter()
        .flat_map(|subscription| [&subscription.primary_key, &subscription.secondary_key])
        .flatten();
    let mut secrets: Vec<Arc<str>> = named
        .chain(keys)
        .map(|secret| secret.expose().clone())
        // Masking every "a" of a text would hide the text and no secret.
        .filter(|secret: &Arc<str>| secret.len() >= 4)
        .collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.dedup();
    secrets
}

fn api_info(api: &Api) -> Arc<ApiInfo> {
    Arc::new(ApiInfo {
        id: api.base_name().into(),
        name: api.display_name.as_str().into(),
        path: api.path.as_str().into(),
        revision: api.revision.as_str().into(),
        version: api.version.as_deref().map(Into::into),
        is_current_revision: api.is_current,
        protocols: api
            .protocols
            .iter()
            .map(|protocol| protocol.as_str().into())
            .collect(),
        service_url: api
            .service_url
            .as_ref()
            .map(|url| url.value.as_str().into()),
        key_header: api.subscription_key.header.as_str().into(),
        key_query: api.subscription_key.query.as_str().into(),
    })
}

fn template_parameters(operation: &Operation) -> Vec<Arc<str>> {
    operation.template.parameters().map(Arc::from).collect()
}

/// Names of the query parameters that the operation's template declares.
fn template_query(operation: &Operation) -> Vec<Arc<str>> {
    operation
        .template
        .query()
        .iter()
        .map(|constraint| match constraint {
            QueryConstraint::Parameter { name, .. } | QueryConstraint::Literal { name, .. } => {
                Arc::from(name.as_str())
            }
        })
        .collect()
}

fn responses(operation: &Operation) -> Vec<DeclaredResponse> {
    operation
        .responses
        .iter()
        .map(|response| DeclaredResponse {
            status: response.status_code,
            representations: response
                .representations
                .iter()
                .map(|representation| Representation {
                    content_type: representation.content_type.as_str().into(),
                    examples: (0..representation.examples.len())
                        .filter_map(|index| representation.sample(Some(index)))
                        .map(Into::into)
                        .collect(),
                    sample: representation.sample(None).map(Into::into),
                })
                .collect(),
        })
        .collect()
}

/// The configured bounds as expressions take them.
fn expression_limits(settings: &ExpressionLimits) -> Limits {
    Limits {
        source: settings.source_bytes,
        fuel: settings.steps,
        allocation: settings.memory_bytes,
        depth: settings.depth,
        regex_steps: settings.regex_steps,
    }
}

/// .NET ticks of a moment.
fn ticks(moment: jiff::Timestamp) -> i64 {
    i64::try_from(moment.as_nanosecond() / 100)
        .unwrap_or(i64::MAX)
        .saturating_add(tidegate_pipeline::ticks::UNIX_EPOCH)
}

/// `context.Subscription` as seen by a caller with the primary and with the secondary key.
fn subscription(subscription: &tidegate_model::Subscription) -> [Arc<SubscriptionInfo>; 2] {
    let key = |secret: &Option<tidegate_model::Secret>| -> Arc<str> {
        secret
            .as_ref()
            .map_or_else(|| "".into(), |key| key.expose().clone())
    };
    let primary_key = key(&subscription.primary_key);
    let secondary_key = key(&subscription.secondary_key);
    [&primary_key, &secondary_key].map(|used| {
        Arc::new(SubscriptionInfo {
            id: subscription.name.shared(),
            name: subscription.display_name.as_str().into(),
            key: used.clone(),
            primary_key: primary_key.clone(),
            secondary_key: secondary_key.clone(),
            created_date: subscription.created_date.map_or(0, ticks),
            start_date: subscription.start_date.map(ticks),
            end_date: subscription.end_date.map(ticks),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The model states the defaults, the language has its own: they are the same.
    #[test]
    fn default_limits_of_expressions_are_the_documented_ones() {
        assert_eq!(
            expression_limits(&ExpressionLimits::default()),
            Limits::default()
        );
    }
}
