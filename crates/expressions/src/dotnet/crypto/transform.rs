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

fn block_size(c: &mut crate::runtime::Call<'_, '_>) -> R<Value> {
    let block = c.object::<Transform>(0)?.job.algorithm.block();
    Ok(i32::try_from(block).unwrap_or_default().into())
}
