//! Documents in, finished exchanges out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tidegate_balancing::{
    AffinityKey, BackendConfig, BreakerRule, MemberConfig, PoolConfig, RegistryConfig,
};
use tidegate_pipeline::testing::{self, Answer, Sent, World};
use tidegate_pipeline::{Exchange, Program, Request, Response, Runtime, Scope, run};
use tidegate_policies::{
    CompiledDocument, Context, DEFAULT_GLOBAL_DOCUMENT, check_fragment, compile_document, link,
};
use tidegate_policy_xml::diagnostic::{Diagnostic, SourceFile};
use tidegate_policy_xml::{Document, NamedValue, parse};

type Adjust = Box<dyn Fn(&mut Runtime)>;

/// A service in the making.
pub struct Service {
    documents: Vec<(Scope, String)>,
    named_values: HashMap<String, NamedValue>,
    fragments: Vec<(String, String)>,
    backends: RegistryConfig,
    template_parameters: Option<Vec<Arc<str>>>,
    adjust: Vec<Adjust>,
    lenient: bool,
    limits: tidegate_expressions::Limits,
    strict: bool,
}

/// A service whose API has a document with this content, below the default document of global scope.
pub fn api(content: &str) -> Service {
    Service::bare()
        .document(Scope::Global, DEFAULT_GLOBAL_DOCUMENT)
        .policies(Scope::Api, content)
}

/// A document with these statements in inbound and everything else inherited.
pub fn inbound(statements: &str) -> Service {
    api(&format!(
        "<inbound>{statements}</inbound><backend><base /></backend><outbound /><on-error />"
    ))
}

/// A document with these statements in backend.
pub fn backend(statements: &str) -> Service {
    api(&format!(
        "<inbound /><backend>{statements}</backend><outbound /><on-error />"
    ))
}

/// A document with these statements in outbound, after the default forwarding.
pub fn outbound(statements: &str) -> Service {
    api(&format!(
        "<inbound /><backend><base /></backend><outbound>{statements}</outbound><on-error />"
    ))
}

/// A document whose backend section throws, with these statements in on-error.
pub fn on_error(statements: &str) -> Service {
    api(&format!(
        r#"<inbound /><backend><set-variable name="v" value="@(int.Parse("x"))" /></backend><outbound /><on-error>{statements}</on-error>"#
    ))
}

impl Service {
    /// A service without a document.
    pub fn bare() -> Self {
        Self {
            documents: Vec::new(),
            named_values: HashMap::new(),
            fragments: Vec::new(),
            backends: RegistryConfig {
                backends: Vec::new(),
                pools: Vec::new(),
                affinity_key: AffinityKey::new([7; 32]),
            },
            template_parameters: None,
            adjust: Vec::new(),
            lenient: false,
            limits: tidegate_expressions::Limits::default(),
            strict: false,
        }
    }

    /// Expressions with other limits.
    pub fn limits(mut self, limits: tidegate_expressions::Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds a document; broader scopes come first.
    pub fn document(mut self, scope: Scope, text: &str) -> Self {
        self.documents.push((scope, text.to_owned()));
        self
    }

    /// Adds a document with this content.
    pub fn policies(self, scope: Scope, content: &str) -> Self {
        self.document(scope, &format!("<policies>{content}</policies>"))
    }

    pub fn named_value(mut self, name: &str, text: &str) -> Self {
        let value = NamedValue {
            text: text.into(),
            secret: false,
        };
        self.named_values.insert(name.to_owned(), value);
        self
    }

    pub fn secret(mut self, name: &str, text: &str) -> Self {
        let value = NamedValue {
            text: text.into(),
            secret: true,
        };
        self.named_values.insert(name.to_owned(), value);
        self
    }

    pub fn fragment(mut self, id: &str, statements: &str) -> Self {
        let text = format!("<fragment>{statements}</fragment>");
        self.fragments.push((id.to_owned(), text));
        self
    }

    /// A backend without circuit breaker.
    pub fn entity(mut self, id: &str, url: &str) -> Self {
        self.backends.backends.push(BackendConfig::new(id, url));
        self
    }

    /// A backend that rests for a minute after its first 429 or failed connection.
    pub fn fragile(mut self, id: &str, url: &str) -> Self {
        let rule = BreakerRule {
            count: Some(1),
            status_ranges: vec![429..=429, 500..=599],
            error_reasons: vec!["BackendConnectionFailure".into(), "Timeout".into()],
            accept_retry_after: true,
            ..BreakerRule::new("rule", Duration::from_secs(60), Duration::from_secs(60))
        };
        self.backends
            .backends
            .push(BackendConfig::new(id, url).with_rule(rule));
        self
    }

    /// A pool; each member comes with its priority.
    pub fn pool(mut self, id: &str, members: &[(&str, u32)]) -> Self {
        let names: [&str; 0] = [];
        let mut pool = PoolConfig::new(id, names);
        pool.members = members
            .iter()
            .map(|(backend, priority)| MemberConfig {
                backend: (*backend).into(),
                priority: *priority,
                weight: 1,
            })
            .collect();
        self.backends.pools.push(pool);
        self
    }

    /// Keeps callers of the pool added last with one member.
    pub fn with_affinity(mut self) -> Self {
        if let Some(pool) = self.backends.pools.last_mut() {
            pool.session_affinity = true;
        }
        self
    }

    pub fn template_parameters(mut self, names: &[&str]) -> Self {
        self.template_parameters = Some(names.iter().map(|name| Arc::from(*name)).collect());
        self
    }

    pub fn runtime(mut self, adjust: impl Fn(&mut Runtime) + 'static) -> Self {
        self.adjust.push(Box::new(adjust));
        self
    }

    /// As when a document is checked outside its service.
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// With only the documented types and members in expressions.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Compiles everything; the runtime holds the backends that constants refer to.
    fn compile(&self) -> (Program, Runtime, Vec<Diagnostic>) {
        let mut runtime = testing::runtime();
        runtime.backends = testing::backends(self.backends.clone());
        for adjust in &self.adjust {
            adjust(&mut runtime);
        }
        let mut diagnostics = Vec::new();
        let mut read = |name: &str, text: &str| -> Option<Document> {
            let parsed = parse(&SourceFile::new(name, text));
            diagnostics.extend(parsed.diagnostics);
            parsed.document
        };
        let mut fragments = HashMap::new();
        for (id, text) in &self.fragments {
            if let Some(document) = read(&format!("{id}.xml"), text) {
                fragments.insert(id.clone(), Arc::new(document));
            }
        }
        let documents: Vec<(Scope, Document)> = self
            .documents
            .iter()
            .filter_map(|(scope, text)| Some((*scope, read("policy.xml", text)?)))
            .collect();
        let context = Context {
            named_values: &self.named_values,
            fragments: &fragments,
            backends: &runtime.backends,
            expressions: tidegate_expressions::Options {
                limits: self.limits,
                strict: self.strict,
            },
            allow_unknown_named_values: self.lenient,
            allow_unknown_references: self.lenient,
            template_parameters: self.template_parameters.as_deref(),
        };
        let compiled: Vec<CompiledDocument> = documents
            .iter()
            .map(|(scope, document)| {
                let (compiled, found) = compile_document(document, *scope, &context);
                diagnostics.extend(found);
                compiled
            })
            .collect();
        for document in fragments.values() {
            diagnostics.extend(check_fragment(document, &context));
        }
        let program = link(&compiled.iter().collect::<Vec<_>>());
        (program, runtime, diagnostics)
    }

    /// What compiling it finds.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.compile().2
    }

    /// The findings as a person reads them.
    pub fn rendered(&self) -> String {
        self.diagnostics()
            .iter()
            .map(|diagnostic| tidegate_policy_xml::render(diagnostic, false))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The service in a world where `script` plays the backends.
    pub fn run(self, script: impl FnMut(&Sent) -> Answer + 'static) -> Running {
        let (program, runtime, diagnostics) = self.compile();
        let errors: Vec<String> = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.is_error())
            .map(|diagnostic| tidegate_policy_xml::render(diagnostic, false))
            .collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
        Running {
            program,
            world: World::with(runtime, script),
        }
    }

    /// The service with backends that answer these status codes in turn, the last one for ever.
    pub fn answering(self, statuses: &[u16]) -> Running {
        let mut rest: Vec<u16> = statuses.iter().rev().copied().collect();
        self.run(move |_| {
            let status = match rest.len() {
                1 => rest.last().copied(),
                _ => rest.pop(),
            };
            Answer::status(status.unwrap_or(200))
        })
    }
}

/// A service in a world.
pub struct Running {
    pub program: Program,
    pub world: World,
}

impl Running {
    /// Runs one request.
    pub fn send(&self, request: Request) -> Finished {
        self.send_prepared(request, |_| {})
    }

    /// Runs one request whose exchange has been prepared, as the gateway does after matching it.
    pub fn send_prepared(&self, request: Request, prepare: impl FnOnce(&mut Exchange)) -> Finished {
        let mut exchange = self.world.exchange(request);
        prepare(&mut exchange);
        self.world.clock.block_on(run(&self.program, &mut exchange));
        Finished::of(exchange, self)
    }

    /// A plain GET.
    pub fn get(&self) -> Finished {
        self.send(get("/"))
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.world.sent()
    }
}

/// A request that is over.
pub struct Finished {
    pub exchange: Exchange,
    pub status: u16,
    pub reason: String,
    body: String,
}

impl Finished {
    fn of(mut exchange: Exchange, running: &Running) -> Self {
        let mut response = exchange
            .response
            .take()
            .unwrap_or_else(|| Response::new(599));
        running
            .world
            .clock
            .block_on(response.body.buffer(1 << 20))
            .unwrap_or_default();
        let body = response.body.bytes().cloned().unwrap_or_default();
        let (status, reason) = (response.status, response.status_reason().to_owned());
        exchange.response = Some(response);
        Self {
            status,
            reason,
            body: String::from_utf8_lossy(&body).into_owned(),
            exchange,
        }
    }

    pub fn body(&self) -> String {
        self.body.clone()
    }

    /// All lines of a response header.
    pub fn headers(&self, name: &str) -> Vec<String> {
        let response = self.exchange.response.as_ref().expect("a response");
        response
            .headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    }

    /// The only line of a response header, or empty.
    pub fn header(&self, name: &str) -> String {
        self.headers(name).into_iter().next().unwrap_or_default()
    }

    /// Source, Reason, Message, Scope, Section, Path and PolicyId of `context.LastError`, joined by `|`.
    pub fn last_error(&self) -> String {
        let Some(error) = self.exchange.last_error() else {
            return "none".to_owned();
        };
        let show = |text: &Option<Arc<str>>| text.as_deref().unwrap_or("null").to_owned();
        [
            error.source.to_string(),
            show(&error.reason),
            error.message.to_string(),
            show(&error.scope),
            show(&error.section),
            show(&error.path),
            show(&error.policy_id),
        ]
        .join("|")
    }

    /// A variable that holds a string.
    pub fn text(&self, name: &str) -> Option<String> {
        let value = self.exchange.variables.get(name)?;
        Some(value.as_string()?.to_utf8().into_owned())
    }
}

/// A GET of this path.
pub fn get(path: &str) -> Request {
    testing::request("GET", &format!("http://gateway.test{path}"))
}

/// A POST of this body, which streams in.
pub fn post(path: &str, body: &str) -> Request {
    let mut request = testing::request("POST", &format!("http://gateway.test{path}"));
    request.body = testing::streaming(&[body]);
    request
}

/// The request with one more header line.
pub fn with_header(mut request: Request, name: &'static str, value: &'static str) -> Request {
    request.headers.append(
        http::HeaderName::from_static(name),
        http::HeaderValue::from_static(value),
    );
    request
}
