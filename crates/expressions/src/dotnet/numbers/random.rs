//! `System.Random`: .NET's generator number for number when seeded, the host's randomness otherwise.

use std::cell::RefCell;

use crate::clr::random::Random;
use crate::dotnet::collections;
use crate::runtime::{Call, R};
use crate::types::{Registry, Type, Types};
use crate::value::{Object, Value};

struct RandomObject(RefCell<Random>);

impl Object for RandomObject {
    fn type_of(&self) -> Type {
        Registry::get()
            .by_full_name("System.Random")
            .map_or(Type::OBJECT, |def| Type::Named(def.id, None))
    }
}

pub(super) fn define(types: &mut Types) {
    let mut t = types.class("System.Random");
    t.weighs(1024);
    t.constructor("()", |c| {
        let random = Random::unseeded(c.rt.host.random());
        Ok(Value::object(RandomObject(RefCell::new(random))))
    });
    t.constructor("(int Seed)", |c| {
        Ok(Value::object(RandomObject(RefCell::new(Random::new(
            c.int(0)?,
        )))))
    });
    t.method("int Next()", |c| {
        with(c, |random| Ok(random.next_int().into()))
    });
    t.method("int Next(int maxValue)", |c| {
        let max = c.int(1)?;
        with(c, |random| Ok(random.next_below(max)?.into()))
    });
    t.method("int Next(int minValue, int maxValue)", |c| {
        let (min, max) = (c.int(1)?, c.int(2)?);
        with(c, |random| Ok(random.next_between(min, max)?.into()))
    });
    t.method("double NextDouble()", |c| {
        with(c, |random| Ok(random.next_double().into()))
    });
    t.method("void NextBytes(byte[] buffer)", |c| {
        let mut bytes = c.bytes(1)?;
        c.rt.spend(bytes.len() as u64)?;
        with(c, |random| {
            random.next_bytes(&mut bytes);
            Ok(Value::Null)
        })?;
        if let Some(array) = c.value(1).as_object::<collections::Array>() {
            array.replace(bytes.into_iter().map(Value::Byte).collect());
        }
        Ok(Value::Null)
    })
    .mutates();
}

fn with(c: &Call<'_, '_>, use_it: impl FnOnce(&mut Random) -> R<Value>) -> R<Value> {
    let random = c.object::<RandomObject>(0)?;
    let mut random = random.0.borrow_mut();
    use_it(&mut random)
}

#[cfg(test)]
mod tests {
    use crate::dotnet::probe::{text, value};

    #[test]
    fn a_seed_gives_dotnets_numbers() {
        let random = value("System.Random", "(int Seed)", &mut [42.into()]).unwrap();
        assert_eq!(text("System.Random", "int Next()", &[random]), "1434747710");
        let random = value("System.Random", "(int Seed)", &mut [1.into()]).unwrap();
        assert_eq!(
            text(
                "System.Random",
                "int Next(int minValue, int maxValue)",
                &[random, 5.into(), 1.into()]
            ),
            "throws ArgumentOutOfRangeException"
        );
    }

    #[test]
    fn bytes_are_written_into_the_buffer() {
        let random = value("System.Random", "(int Seed)", &mut [42.into()]).unwrap();
        let buffer = crate::dotnet::collections::byte_array(vec![0; 8]);
        value(
            "System.Random",
            "void NextBytes(byte[] buffer)",
            &mut [random, buffer.clone()],
        )
        .unwrap();
        assert!(
            crate::dotnet::collections::bytes_of(&buffer)
                .unwrap()
                .iter()
                .any(|b| *b != 0)
        );
    }
}
