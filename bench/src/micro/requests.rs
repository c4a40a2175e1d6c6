//! A request's whole way without sockets: route, subscription key, exchange, every policy, the answer's end.
//!
//! In: a folder of `bench/configs`. Out: what one request costs between hyper's two ends.

use std::path::Path;
use std::rc::Rc;

use futures_util::FutureExt;
use tidegate_gateway::{Compiled, enter};
use tidegate_model::{LoadOptions, load};
use tidegate_pipeline::{Exchange, Ports, Request, Runtime};
use uuid::Uuid;

use crate::measure::{Cost, prepared};
use crate::stand_in::{Answers, ports, request};

/// A configuration of `bench/configs`, compiled.
pub fn configuration(name: &str) -> Result<Compiled, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("configs")
        .join(name);
    let loaded = load(&folder, &LoadOptions::default());
    let mut findings = loaded.diagnostics;
    let compiled = loaded.service.and_then(|service| {
        let (compiled, more) = Compiled::new(service, None);
        findings.extend(more);
        compiled
    });
    compiled.ok_or_else(|| {
        let texts: Vec<String> = findings
            .iter()
            .filter(|finding| finding.is_error())
            .map(|finding| tidegate_policy_xml::render(finding, false))
            .collect();
        texts.join("\n")
    })
}

/// An exchange that has arrived.
pub fn exchange(
    runtime: &std::sync::Arc<Runtime>,
    ports: &Rc<Ports>,
    request: Request,
) -> Exchange {
    Exchange::new(runtime.clone(), ports.clone(), Uuid::from_u128(1), request)
}

/// What one answered request costs.
pub fn measure(name: &str) -> Result<Cost, String> {
    let compiled = configuration(name)?;
    let answers = Rc::new(Answers::default());
    let ports = ports(answers.clone());
    answers.prepare();
    match serve(&compiled, &ports, request()).map(|exchange| exchange.response) {
        Some(Some(response)) if response.status == 200 => {}
        Some(Some(response)) => return Err(format!("answered {}", response.status)),
        _ => return Err("did not answer".to_owned()),
    }
    Ok(prepared(
        || {
            answers.prepare();
            request()
        },
        |request| serve(&compiled, &ports, request),
    ))
}

/// The built-in steps, then the program, then what the end of the answer brings.
fn serve(compiled: &Compiled, ports: &Rc<Ports>, request: Request) -> Option<Box<Exchange>> {
    let mut exchange = Box::new(exchange(&compiled.runtime, ports, request));
    let way = enter(compiled, &mut exchange);
    way.walk(&mut exchange).now_or_never()?;
    if let Some(active) = exchange.active.take() {
        active.finished(ports.clock.monotonic(), true);
    }
    Some(exchange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_variants_answer_without_sockets() {
        for name in ["variant-a", "variant-b"] {
            let compiled = configuration(name).unwrap();
            let answers = Rc::new(Answers::default());
            let ports = ports(answers.clone());
            for _ in 0..20 {
                answers.prepare();
                let exchange = serve(&compiled, &ports, request()).unwrap();
                assert_eq!(exchange.response.map(|response| response.status), Some(200));
                assert_eq!(exchange.attempts, 1);
            }
        }
    }
}
