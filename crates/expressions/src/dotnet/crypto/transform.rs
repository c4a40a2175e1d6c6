//! `ICryptoTransform`: a cipher at work.

use std::cell::RefCell;

use super::hash::copy_out;
use super::names::bytes;
use super::symmetric::Job;
use super::{account, defs, part};
use crate::runtime::R;
use crate::types::{Type, Types};
use crate::value::{Object, Value};

/// An encryptor or decryptor. Blocks given before the last are kept and worked on together, so `TransformBlock` reports
/// them with `TransformFinalBlock`'s result only.
pub(super) struct Transform {
    job: Job,
    pending: RefCell<Vec<u8>>,
}

impl Transform {
    pub(super) fn value(job: Job) -> Value {
        Value::object(Self {
            job,
            pending: RefCell::default(),
        })
    }
}

impl Object for Transform {
    fn type_of(&self) -> Type {
        Type::Named(defs().transform, None)
    }
}

#[cold]
pub(super) fn define(types: &mut Types) {
    let mut t = types.interface("System.Security.Cryptography.ICryptoTransform");
    t.base("IDisposable").beyond_documentation();
    t.property("int InputBlockSize", block_size);
    t.property("int OutputBlockSize", block_size);
    t.property("bool CanReuseTransform", |_| Ok(true.into()));
    t.property("bool CanTransformMultipleBlocks", |_| Ok(true.into()));
    t.method(
        "int TransformBlock(byte[] inputBuffer, int inputOffset, int inputCount, byte[] outputBuffer, int outputOffset)",
        |c| {
            check_part(c)?;
            let data = part(c, 1)?;
            account(c, data.len())?;
            c.object::<Transform>(0)?.pending.borrow_mut().extend_from_slice(&data);
            copy_out(c, &[])?;
            Ok(0.into())
        },
    )
    .mutates();
    t.method(
        "byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount)",
        |c| {
            check_part(c)?;
            let last = part(c, 1)?;
            let transform = c.object::<Transform>(0)?;
            let mut data = std::mem::take(&mut *transform.pending.borrow_mut());
            data.extend_from_slice(&last);
            transform.job.run(c, &data).map(bytes)
        },
    )
    .mutates();
    t.method("void Dispose()", |_| Ok(Value::Null));
}

/// Offset and count of the input at 1: every mistake is one of range.
fn check_part(c: &mut crate::runtime::Call<'_, '_>) -> R<()> {
    let length = c.object::<crate::dotnet::collections::Array>(1)?.len();
    let (offset, count) = (usize::try_from(c.int(2)?), usize::try_from(c.int(3)?));
    match (offset, count) {
        (Ok(offset), Ok(count)) if offset <= length && count <= length - offset => Ok(()),
        (Ok(offset), _) if offset <= length => Err(crate::runtime::Fault::out_of_range(
            "inputCount",
            "Specified argument was out of the range of valid values.",
        )),
        _ => Err(crate::runtime::Fault::out_of_range(
            "inputOffset",
            "Specified argument was out of the range of valid values.",
        )),
    }
}

fn block_size(c: &mut crate::runtime::Call<'_, '_>) -> R<Value> {
    let block = c.object::<Transform>(0)?.job.algorithm.block();
    Ok(i32::try_from(block).unwrap_or_default().into())
}
