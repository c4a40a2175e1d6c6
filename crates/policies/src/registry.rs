//! The list of all policies. Adding one is a file and a line here.

use crate::definition::Definition;
use crate::{caching, cross_domain, flow, integration, logging, routing, transform};

/// Every policy Tidegate runs, by category.
pub static POLICIES: &[&Definition] = &[
    &flow::choose::DEFINITION,
    &flow::include_fragment::DEFINITION,
    &flow::retry::DEFINITION,
    &flow::return_response::DEFINITION,
    &flow::mock_response::DEFINITION,
    &routing::forward_request::DEFINITION,
    &routing::set_backend_service::DEFINITION,
    &transform::set_body::DEFINITION,
    &transform::set_header::DEFINITION,
    &transform::set_method::DEFINITION,
    &transform::set_query_parameter::DEFINITION,
    &transform::set_status::DEFINITION,
    &transform::set_variable::DEFINITION,
    &transform::rewrite_uri::DEFINITION,
    &caching::cache_lookup_value::DEFINITION,
    &caching::cache_store_value::DEFINITION,
    &caching::cache_remove_value::DEFINITION,
    &integration::send_request::DEFINITION,
    &logging::trace::DEFINITION,
    &cross_domain::cors::DEFINITION,
];

/// Policies APIM has and Tidegate does not run yet: named so that the message can say so.
pub static NOT_SUPPORTED: &[&str] = &[
    "authentication-basic",
    "authentication-certificate",
    "authentication-managed-identity",
    "azure-openai-emit-token-metric",
    "azure-openai-semantic-cache-lookup",
    "azure-openai-semantic-cache-store",
    "azure-openai-token-limit",
    "cache-lookup",
    "cache-store",
    "cache-value",
    "check-header",
    "cosmosdb-data-source",
    "cross-domain",
    "emit-metric",
    "find-and-replace",
    "get-authorization-context",
    "http-data-source",
    "invoke-dapr-binding",
    "invoke-request",
    "ip-filter",
    "json-to-xml",
    "jsonp",
    "limit-concurrency",
    "llm-content-safety",
    "llm-emit-token-metric",
    "llm-semantic-cache-lookup",
    "llm-semantic-cache-store",
    "llm-token-limit",
    "log-to-eventhub",
    "proxy",
    "publish-event",
    "publish-to-dapr",
    "quota",
    "quota-by-key",
    "rate-limit",
    "rate-limit-by-key",
    "redirect-content-urls",
    "send-one-way-request",
    "send-service-bus-message",
    "set-graphql-resolver",
    "sql-data-source",
    "validate-azure-ad-token",
    "validate-client-certificate",
    "validate-content",
    "validate-graphql-request",
    "validate-headers",
    "validate-jwt",
    "validate-odata-request",
    "validate-parameters",
    "validate-status-code",
    "wait",
    "xml-to-json",
    "xsl-transform",
];

/// The policy of that element name.
pub fn find(name: &str) -> Option<&'static Definition> {
    POLICIES
        .iter()
        .find(|definition| definition.name == name)
        .copied()
}
