//! Programs: what a request runs, section by section.
//!
//! A [`Program`] is compiled once per operation (and product) from the documents of all scopes; `<base />` and
//! fragments are already spliced in. Running it parses nothing and looks nothing up.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tidegate_expressions::MessageSide;

use crate::trace::TraceEvent;
use crate::{Exchange, Failure, PolicyError, Position, Response};

/// A future that stays on its worker thread.
pub type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A section of a policy document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    /// Before the backend is called.
    Inbound,
    /// Around the call.
    Backend,
    /// After it.
    Outbound,
    /// After a failure.
    OnError,
}

impl Section {
    /// All four, in document order.
    pub const ALL: [Section; 4] = [
        Section::Inbound,
        Section::Backend,
        Section::Outbound,
        Section::OnError,
    ];

    /// The element's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Section::Inbound => "inbound",
            Section::Backend => "backend",
            Section::Outbound => "outbound",
            Section::OnError => "on-error",
        }
    }

    fn index(self) -> usize {
        match self {
            Section::Inbound => 0,
            Section::Backend => 1,
            Section::Outbound => 2,
            Section::OnError => 3,
        }
    }
}

/// A set of sections, as policies declare where they may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sections(u8);

impl Sections {
    /// `inbound`
    pub const INBOUND: Sections = Sections(1);
    /// `backend`
    pub const BACKEND: Sections = Sections(2);
    /// `outbound`
    pub const OUTBOUND: Sections = Sections(4);
    /// `on-error`
    pub const ON_ERROR: Sections = Sections(8);
    /// All four.
    pub const ALL: Sections = Sections(15);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Sections) -> Sections {
        Sections(self.0 | other.0)
    }

    /// Whether `section` is in the set.
    pub fn contains(self, section: Section) -> bool {
        self.0 & (1 << section.index()) != 0
    }
}

/// The scope a policy document belongs to, broad to narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole service.
    Global,
    /// A workspace.
    Workspace,
    /// A product.
    Product,
    /// An API.
    Api,
    /// An operation.
    Operation,
}

impl Scope {
    /// As `context.LastError.Scope` shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Global => "global",
            Scope::Workspace => "workspace",
            Scope::Product => "product",
            Scope::Api => "api",
            Scope::Operation => "operation",
        }
    }
}

/// How a policy runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// [`Policy::run`] completes at once and never asks for a body.
    Immediate,
    /// [`Policy::run`] completes at once but may first ask for a body with [`Failure::NeedsBody`].
    ReadsBody {
        /// Buffer the request's body before the first run: the statement's expressions change shared objects, or
        /// consume the other body, and must not be evaluated twice.
        request_first: bool,
        /// The same for the response's body.
        response_first: bool,
    },
    /// [`Policy::start`] may wait: for a backend, a timer, or nested statements that do.
    Waiting,
}

/// What a policy that completed says of the way on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The next statement.
    Continue,
    /// The exchange's response is final: nothing else runs.
    Respond,
}

/// A compiled policy statement.
///
/// Policies are shared by all workers and keep no state of a request: that lives in the [`Exchange`].
pub trait Policy: Send + Sync {
    /// How it runs. Constant for the lifetime of the policy.
    fn mode(&self) -> Mode {
        Mode::Immediate
    }

    /// Runs a policy that does not wait. Not called when the mode is [`Mode::Waiting`].
    ///
    /// # Errors
    /// The failure that on-error will see.
    fn run(&self, exchange: &mut Exchange) -> Result<Outcome, Failure>;

    /// Runs a policy that may wait.
    fn start<'a>(
        &'a self,
        exchange: &'a mut Exchange,
    ) -> LocalBoxFuture<'a, Result<Outcome, Failure>> {
        Box::pin(std::future::ready(self.run(exchange)))
    }

    /// The policy's part in answering a CORS preflight, if it has one.
    fn preflight(&self) -> Option<&dyn Preflight> {
        None
    }
}

/// Answers CORS preflight requests (`cors`).
pub trait Preflight: Send + Sync {
    /// Sets the exchange's response and returns `true`, or returns `false` to leave it to the next one.
    ///
    /// # Errors
    /// An expression failed.
    fn answer(&self, exchange: &mut Exchange) -> Result<bool, PolicyError>;
}

/// Where a statement stands in its document.
#[derive(Debug, Clone)]
pub struct StepInfo {
    /// Element name.
    pub name: &'static str,
    /// `id` attribute.
    pub policy_id: Option<Arc<str>>,
    /// Scope of the document (of the including one, in a fragment).
    pub scope: Scope,
    /// Section.
    pub section: Section,
    /// Path within the section, 1-based.
    pub path: Arc<str>,
    /// File and line, for traces.
    pub place: Option<(Arc<str>, usize)>,
}

/// A statement of a program.
pub struct Step {
    info: StepInfo,
    mode: Mode,
    policy: Box<dyn Policy>,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Step").field("info", &self.info).finish()
    }
}

impl Step {
    /// Puts a policy in its place.
    pub fn new(info: StepInfo, policy: Box<dyn Policy>) -> Self {
        Self {
            mode: policy.mode(),
            info,
            policy,
        }
    }

    /// Where it stands.
    pub fn info(&self) -> &StepInfo {
        &self.info
    }

    /// How it runs.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The statement's part in answering a CORS preflight.
    pub fn preflight(&self) -> Option<&dyn Preflight> {
        self.policy.preflight()
    }

    fn position(&self) -> Position {
        Position {
            scope: self.info.scope,
            section: self.info.section,
            path: self.info.path.clone(),
            policy_id: self.info.policy_id.clone(),
        }
    }
}

/// Statements that run one after the other.
pub type Steps = Vec<Arc<Step>>;

/// Whether these statements all complete at once, so that [`run_now`] can run them.
pub(crate) fn all_immediate(steps: &[Arc<Step>]) -> bool {
    steps.iter().all(|step| step.mode == Mode::Immediate)
}

/// Runs statements that all have [`Mode::Immediate`], as a policy does with nested ones.
///
/// # Errors
/// The first failure ends the list.
pub fn run_now(steps: &[Arc<Step>], exchange: &mut Exchange) -> Result<Outcome, Failure> {
    debug_assert!(all_immediate(steps));
    for step in steps {
        let result = if exchange.is_traced() {
            exchange.trace_step(&step.info, TraceEvent::Started);
            let result = step.policy.run(exchange);
            trace_finish(exchange, step, &result);
            result
        } else {
            step.policy.run(exchange)
        };
        match result {
            Ok(Outcome::Continue) => {}
            Ok(Outcome::Respond) => return Ok(Outcome::Respond),
            Err(failure) => return Err(failure.located(|| step.position())),
        }
    }
    Ok(Outcome::Continue)
}

/// Runs statements of any mode.
///
/// # Errors
/// The first failure ends the list. Bodies that statements ask for are buffered here, so what comes out is always
/// an error.
pub async fn run_steps(
    steps: &[Arc<Step>],
    exchange: &mut Exchange,
) -> Result<Outcome, PolicyError> {
    for step in steps {
        if exchange.is_traced() {
            exchange.trace_step(&step.info, TraceEvent::Started);
        }
        let result = run_step(step, exchange).await;
        if exchange.is_traced() {
            trace_finish(exchange, step, &result);
        }
        match result {
            Ok(Outcome::Continue) => {}
            Ok(Outcome::Respond) => return Ok(Outcome::Respond),
            Err(Failure::Error(error)) => return Err(error.located(|| step.position())),
            // `run_step` has buffered every body a statement can ask for.
            Err(Failure::NeedsBody(_)) => {
                return Err(PolicyError::expression(
                    step.info.name,
                    "a message body could not be read",
                )
                .located(|| step.position()));
            }
        }
    }
    Ok(Outcome::Continue)
}

async fn run_step(step: &Step, exchange: &mut Exchange) -> Result<Outcome, Failure> {
    if let Mode::ReadsBody {
        request_first,
        response_first,
    } = step.mode
    {
        if request_first {
            exchange
                .buffer_body(MessageSide::Request, step.info.name)
                .await?;
        }
        if response_first {
            exchange
                .buffer_body(MessageSide::Response, step.info.name)
                .await?;
        }
    }
    // A statement may need one side and then the other; more rounds cannot help.
    for _ in 0..3 {
        let result = match step.mode {
            Mode::Waiting => step.policy.start(exchange).await,
            Mode::Immediate | Mode::ReadsBody { .. } => step.policy.run(exchange),
        };
        match result {
            Err(Failure::NeedsBody(side)) => {
                exchange.buffer_body(side, step.info.name).await?;
            }
            result => return result,
        }
    }
    Err(Failure::Error(PolicyError::expression(
        step.info.name,
        "a message body could not be read",
    )))
}

fn trace_finish(exchange: &mut Exchange, step: &Step, result: &Result<Outcome, Failure>) {
    let outcome = match result {
        Ok(Outcome::Continue) => "continue".to_owned(),
        Ok(Outcome::Respond) => "respond".to_owned(),
        Err(Failure::Error(error)) => format!("error: {}", error.message()),
        Err(Failure::NeedsBody(_)) => return,
    };
    exchange.trace_step(&step.info, TraceEvent::Finished { outcome });
}

/// The effective policy of an operation (in a product's context, or none).
#[derive(Debug, Default)]
pub struct Program {
    sections: [Steps; 4],
}

impl Program {
    /// A program of four sections.
    pub fn new(inbound: Steps, backend: Steps, outbound: Steps, on_error: Steps) -> Self {
        Self {
            sections: [inbound, backend, outbound, on_error],
        }
    }

    /// The statements of a section.
    pub fn section(&self, section: Section) -> &[Arc<Step>] {
        &self.sections[section.index()]
    }
}

/// Runs a whole program: whatever happens, the exchange holds a response afterwards.
pub async fn run(program: &Program, exchange: &mut Exchange) {
    if let Err(error) = run_forward(program, exchange).await {
        handle(program, exchange, error).await;
    }
    exchange.finish();
}

async fn run_forward(program: &Program, exchange: &mut Exchange) -> Result<(), PolicyError> {
    for section in [Section::Inbound, Section::Backend, Section::Outbound] {
        exchange.enter(section);
        if run_steps(program.section(section), exchange).await? == Outcome::Respond {
            break;
        }
    }
    Ok(())
}

/// Runs on-error for a failure of a built-in step or of a statement.
pub(crate) async fn handle(program: &Program, exchange: &mut Exchange, error: PolicyError) {
    exchange.fail(&error);
    exchange.enter(Section::OnError);
    let handled = run_steps(program.section(Section::OnError), exchange).await;
    if let Err(second) = handled {
        tracing::warn!(
            request_id = %exchange.request_id,
            first = error.message(),
            second = second.message(),
            "on-error failed"
        );
        let replacement = PolicyError::new("on-error", None, "on-error failed");
        exchange.set_response(replacement.response(exchange.request_id));
    }
}

impl Program {
    /// Ends the way of a request for which a built-in step (authorization) has failed: only on-error runs.
    pub async fn run_failed(&self, exchange: &mut Exchange, error: PolicyError) {
        handle(self, exchange, error).await;
        exchange.finish();
    }

    /// The way of a request that matches no operation: inbound runs, then the failure is raised as in the backend
    /// section, as APIM's traces show it.
    pub async fn run_unmatched(&self, exchange: &mut Exchange, error: PolicyError) {
        exchange.enter(Section::Inbound);
        match run_steps(self.section(Section::Inbound), exchange).await {
            Ok(Outcome::Respond) => {}
            Ok(Outcome::Continue) => {
                exchange.enter(Section::Backend);
                let error = error.located(|| Position {
                    scope: Scope::Global,
                    section: Section::Backend,
                    path: "".into(),
                    policy_id: None,
                });
                handle(self, exchange, error).await;
            }
            Err(first) => handle(self, exchange, first).await,
        }
        exchange.finish();
    }

    /// Answers a CORS preflight: only `cors` policies that stand directly in inbound take part. Without an answer
    /// the exchange has no response.
    ///
    /// # Errors
    /// An expression of such a policy failed.
    pub fn run_preflight(&self, exchange: &mut Exchange) -> Result<bool, PolicyError> {
        let mut any = false;
        for step in self.section(Section::Inbound) {
            if let Some(preflight) = step.policy.preflight() {
                any = true;
                if preflight
                    .answer(exchange)
                    .map_err(|error| error.located(|| step.position()))?
                {
                    return Ok(true);
                }
            }
        }
        if any {
            exchange.set_response(Response::new(200));
        }
        Ok(any)
    }
}
