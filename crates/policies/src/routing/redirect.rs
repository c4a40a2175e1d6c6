//! The next request of a redirect chain (`forward-request follow-redirects`).

use http::{HeaderName, Method, Uri, header};
use tidegate_pipeline::{
    Backends, Body, UpstreamRequest, UpstreamResponse, is_absolute_url, without_dot_segments,
};

use crate::routing::forward_request::is_post;

/// Longest chain.
pub(crate) const MAX_HOPS: usize = 50;

/// The request a redirect asks for; `None` when it is to be passed on as it is. `again` is the request just sent, when
/// its body can be sent again; headers named in `personal` do not go to another origin.
pub(crate) fn next_hop(
    again: Option<UpstreamRequest>,
    method: &Method,
    response: &UpstreamResponse,
    backends: &Backends,
    personal: &[HeaderName],
) -> Option<UpstreamRequest> {
    let status = response.status.as_u16();
    let becomes_get = match status {
        301 | 302 => is_post(method),
        303 => *method != Method::HEAD,
        307 | 308 => false,
        _ => return None,
    };
    let mut request = again?;
    let location = response.headers.get(header::LOCATION)?.to_str().ok()?;
    let (origin, path_and_query) = resolve(&request, location)?;
    let target = backends.bare_target(&origin).ok()?;
    if request.target.is_https() && !target.is_https() {
        return None;
    }
    let same_origin = target.scheme() == request.target.scheme()
        && target.host() == request.target.host()
        && target.port() == request.target.port();
    if !same_origin {
        for name in personal {
            request.headers.remove(name);
        }
        request.target = target;
    }
    request
        .headers
        .insert(header::HOST, request.target.authority().clone());
    request.path_and_query = path_and_query.try_into().ok()?;
    if becomes_get {
        request.method = Method::GET;
        request.body = Body::Absent;
        request.headers.remove(header::CONTENT_LENGTH);
        request.headers.remove(header::CONTENT_TYPE);
        request.headers.remove(header::CONTENT_ENCODING);
    }
    Some(request)
}

/// Origin and path of a `Location`, which may be relative to the request's own.
fn resolve(request: &UpstreamRequest, location: &str) -> Option<(String, String)> {
    let target = &request.target;
    let origin = format!("{}://{}:{}", target.scheme(), target.host(), target.port());
    let location = location.split('#').next().unwrap_or("");
    if let Some(rest) = location.strip_prefix("//") {
        return split(&format!("{}://{rest}", target.scheme()));
    }
    if location.starts_with('/') {
        return Some((origin, without_dots(location)));
    }
    if is_absolute_url(location) {
        return split(location);
    }
    let path = request.path_and_query.path();
    if let Some(query) = location.strip_prefix('?') {
        return Some((origin, format!("{path}?{query}")));
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    Some((origin, without_dots(&format!("{folder}/{location}"))))
}

/// The path without its dot segments; the query stays as it is.
fn without_dots(path_and_query: &str) -> String {
    let (path, query) = match path_and_query.find('?') {
        Some(at) => path_and_query.split_at(at),
        None => (path_and_query, ""),
    };
    match without_dot_segments(path) {
        Some(path) => format!("{path}{query}"),
        None => path_and_query.to_owned(),
    }
}

fn split(url: &str) -> Option<(String, String)> {
    let uri: Uri = url.parse().ok()?;
    let origin = format!("{}://{}", uri.scheme_str()?, uri.authority()?);
    let path_and_query = uri
        .path_and_query()
        .map_or("/", |path_and_query| path_and_query.as_str());
    Some((origin, path_and_query.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_segments_are_resolved() {
        for (path, expected) in [
            ("/a/b/../c?x=../y", "/a/c?x=../y"),
            ("/a/./b/.", "/a/b/"),
            ("/a/b/..", "/a/"),
            ("/../../a", "/a"),
            ("/", "/"),
            ("/a//b", "/a//b"),
        ] {
            assert_eq!(without_dots(path), expected, "{path}");
        }
    }
}
