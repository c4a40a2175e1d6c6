//! `ILastError`.

use super::{optional, shared};
use crate::host::LastErrorInfo;
use crate::runtime::{Call, Fault, R};
use crate::types::Types;

fn last_error<'a>(c: &'a Call<'_, '_>) -> R<&'a LastErrorInfo> {
    c.rt.host.last_error().ok_or_else(Fault::null_reference)
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.interface("Tidegate.ILastError");
    t.property("string Source", |c| Ok(shared(&last_error(c)?.source)));
    t.property("string Reason", |c| {
        Ok(optional(last_error(c)?.reason.as_ref()))
    });
    t.property("string Message", |c| Ok(shared(&last_error(c)?.message)));
    t.property("string Scope", |c| {
        Ok(optional(last_error(c)?.scope.as_ref()))
    });
    t.property("string Section", |c| {
        Ok(optional(last_error(c)?.section.as_ref()))
    });
    t.property("string Path", |c| {
        Ok(optional(last_error(c)?.path.as_ref()))
    });
    t.property("string PolicyId", |c| {
        Ok(optional(last_error(c)?.policy_id.as_ref()))
    });
    t.property("int HttpErrorCode", |c| {
        Ok(last_error(c)?.http_error_code.into())
    });
}
