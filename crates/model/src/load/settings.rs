//! Reads `gateway:`.

use super::context::Context;
use super::object::Object;
use super::tree::Node;
use crate::{GatewaySettings, ListenerTls, LogFormat};

/// Reads the settings; what is not written has its default.
pub(crate) fn read(context: &Context<'_>, node: &Node) -> GatewaySettings {
    let mut settings = GatewaySettings::default();
    let object = Object::new(context, node, "gateway");
    let listen = object.addresses("listen");
    settings.tls = object.object("tls").map(|tls| {
        let path = |key: &'static str| {
            let text = tls.required(key);
            let path = text
                .map(|text| context.base.join(text.value))
                .unwrap_or_default();
            if !path.as_os_str().is_empty() {
                context.watch(&path);
            }
            path
        };
        let read = ListenerTls {
            certificate: path("certificate"),
            private_key: path("privateKey"),
            listen: tls
                .addresses("listen")
                .unwrap_or_else(|| vec![([127, 0, 0, 1], 8443).into()]),
        };
        tls.finish();
        read
    });
    match listen {
        Some(listen) => settings.listen = listen,
        None if settings.tls.is_some() => settings.listen = Vec::new(),
        None => {}
    }
    if let Some(addresses) = object.addresses("admin") {
        if let Some(node) = object.node.get("admin")
            && addresses.len() > 1
        {
            object.invalid(node, "admin", "must be one address");
        }
        settings.admin = addresses.first().copied();
    }
    settings.workers = object.integer("workers", 1..=1024).or(settings.workers);
    set(&mut settings.service_name, object.string("serviceName"));
    set(&mut settings.region, object.string("region"));
    set(&mut settings.gateway_id, object.string("gatewayId"));
    settings.enforce_protocols = object
        .boolean("enforceProtocols")
        .or(settings.enforce_protocols);
    set(
        &mut settings.trust_forwarded_headers,
        object.boolean("trustForwardedHeaders"),
    );
    set(
        &mut settings.strip_subscription_key,
        object.boolean("stripSubscriptionKey"),
    );
    set(
        &mut settings.accept_default_key_names,
        object.boolean("acceptDefaultKeyNames"),
    );
    set(
        &mut settings.strict_expressions,
        object.boolean("strictExpressions"),
    );

    if let Some(limits) = object.object("limits") {
        let target = &mut settings.limits;
        set(&mut target.uri_bytes, limits.bytes("uriBytes"));
        set(&mut target.header_bytes, limits.bytes("headerBytes"));
        set(&mut target.headers, limits.integer("headers", 1..=10_000));
        set(
            &mut target.request_body_bytes,
            limits.bytes("requestBodyBytes"),
        );
        set(
            &mut target.buffered_body_bytes,
            limits.bytes("bufferedBodyBytes"),
        );
        set(
            &mut target.connections,
            limits.integer("connections", 1..=10_000_000),
        );
        set(
            &mut target.concurrent_streams,
            limits.integer("concurrentStreams", 1..=100_000),
        );
        limits.finish();
    }
    if let Some(limits) = object.object("expressions") {
        let target = &mut settings.expressions;
        set(&mut target.source_bytes, limits.bytes("sourceBytes"));
        set(
            &mut target.steps,
            limits.integer("steps", 1..=100_000_000_000),
        );
        set(&mut target.memory_bytes, limits.bytes("memoryBytes"));
        set(&mut target.depth, limits.integer("depth", 1..=10_000));
        set(
            &mut target.regex_steps,
            limits.integer("regexSteps", 1..=10_000_000_000),
        );
        limits.finish();
    }
    if let Some(timeouts) = object.object("timeouts") {
        let target = &mut settings.timeouts;
        set(
            &mut target.request_headers,
            timeouts.duration("requestHeaders"),
        );
        set(&mut target.idle, timeouts.duration("idle"));
        set(&mut target.drain, timeouts.duration("drain"));
        set(&mut target.connect, timeouts.duration("connect"));
        timeouts.finish();
    }
    if let Some(upstream) = object.object("upstream") {
        let target = &mut settings.upstream;
        set(
            &mut target.idle_connections,
            upstream.integer("idleConnections", 0..=100_000),
        );
        set(&mut target.idle_timeout, upstream.duration("idleTimeout"));
        set(
            &mut target.max_connection_age,
            upstream.duration("maxConnectionAge"),
        );
        set(
            &mut target.max_retry_after,
            upstream.duration("maxRetryAfter"),
        );
        target.trusted_roots = upstream.string("trustedRoots").map(|path| {
            let path = context.base.join(path);
            context.watch(&path);
            path
        });
        upstream.finish();
    }
    if let Some(cache) = object.object("cache") {
        set(
            &mut settings.cache.entries,
            cache.integer("entries", 1..=1_000_000_000),
        );
        set(&mut settings.cache.bytes, cache.bytes("bytes"));
        cache.finish();
    }
    if let Some(log) = object.object("log") {
        let formats = [("human", LogFormat::Human), ("json", LogFormat::Json)];
        set(&mut settings.log.format, log.choice("format", &formats));
        let level = log.text("level").filter(|level| {
            let is_filter = is_log_filter(&level.value);
            if !is_filter && let Some(node) = log.node.get("level") {
                log.invalid(node, "level", "must be one of off, error, warn, info, debug, trace, or such as info,tidegate_gateway=debug");
            }
            is_filter
        });
        set(&mut settings.log.level, level.map(|level| level.value));
        log.finish();
    }
    object.finish();
    settings
}

/// A level, or levels of parts of the program: `info,tidegate_gateway=debug`.
fn is_log_filter(text: &str) -> bool {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let is_level = |word: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
    let is_target = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-'))
    };
    text.split(',')
        .all(|part| match part.trim().split_once('=') {
            Some((target, level)) => is_target(target) && is_level(level),
            None => is_level(part.trim()),
        })
}

fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}
