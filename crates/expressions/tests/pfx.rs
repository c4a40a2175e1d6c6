//! Certificates with private keys out of PKCS #12 files, made by the `openssl` command at the time of the test.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use proptest::prelude::*;
use tidegate_expressions::notation;
use tidegate_expressions::{Nowhere, Options};

fn openssl(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the openssl command");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// A folder with a key, a certificate, a further certificate, and the given file made of them.
fn made(name: &str, arguments: &[&str]) -> (PathBuf, Vec<u8>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pfx-{name}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    for (common_name, file) in [("other.test", "other"), ("gateway.test", "own")] {
        let (key, certificate) = (format!("{file}.key"), format!("{file}.pem"));
        let subject = format!("/CN={common_name}");
        openssl(
            &folder,
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "30",
                "-subj",
                &subject,
                "-keyout",
                &key,
                "-out",
                &certificate,
            ],
        );
    }
    let mut all = vec![
        "pkcs12",
        "-export",
        "-inkey",
        "own.key",
        "-in",
        "own.pem",
        "-certfile",
        "other.pem",
        "-name",
        "my key",
        "-out",
        "own.pfx",
    ];
    all.extend_from_slice(arguments);
    openssl(&folder, &all);
    let file = std::fs::read(folder.join("own.pfx")).expect("the file");
    (folder, file)
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn evaluated(source: &str) -> String {
    let mut host = Nowhere::default();
    notation::evaluate(source, &Options::default(), &mut host).to_string()
}

/// What an expression about `c`, the certificate in the file, gives.
fn about(file: &[u8], password: &str, expression: &str) -> String {
    let file = base64(file);
    evaluated(&format!(
        "@{{ var c = new X509Certificate2(Convert.FromBase64String(\"{file}\"), {password}); return {expression}; }}"
    ))
}

fn opens(name: &str, arguments: &[&str], password: &str) {
    let mut all = vec!["-passout"];
    let given = format!("pass:{password}");
    all.push(&given);
    all.extend_from_slice(arguments);
    let (folder, file) = made(name, &all);
    let quoted = format!("\"{password}\"");
    let fingerprint = openssl(
        &folder,
        &["x509", "-in", "own.pem", "-noout", "-fingerprint", "-sha1"],
    );
    let thumbprint: String = fingerprint
        .split('=')
        .nth(1)
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_hexdigit)
        .collect();
    assert_eq!(
        about(
            &file,
            &quoted,
            "c.Subject + c.HasPrivateKey + c.FriendlyName + c.Thumbprint"
        ),
        format!("string\tCN=gateway.testTruemy key{thumbprint}")
    );
    let signs = "c.GetRSAPublicKey().VerifyData(new byte[] { 1 }, c.GetRSAPrivateKey().SignData(new byte[] { 1 }, \
                 HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)";
    assert_eq!(about(&file, &quoted, signs), "bool\tTrue");
    assert_eq!(
        about(&file, &quoted, "(c.GetRSAPrivateKey() as RSACng).KeySize"),
        "int\t2048"
    );
    for wrong in ["\"wrong\"", "null", "\"\""] {
        assert_eq!(
            about(&file, wrong, "c.Subject"),
            "throws CryptographicException"
        );
    }
}

#[test]
fn a_file_of_today_opens() {
    opens("aes", &[], "pässword");
}

#[test]
fn a_file_with_triple_des_and_rc2_opens() {
    opens(
        "legacy",
        &[
            "-legacy",
            "-keypbe",
            "PBE-SHA1-3DES",
            "-certpbe",
            "PBE-SHA1-RC2-40",
            "-macalg",
            "sha1",
        ],
        "password",
    );
}

#[test]
fn a_file_with_two_key_triple_des_and_rc2_of_128_bits_opens() {
    opens(
        "legacy2",
        &[
            "-legacy",
            "-keypbe",
            "PBE-SHA1-2DES",
            "-certpbe",
            "PBE-SHA1-RC2-128",
            "-macalg",
            "sha1",
        ],
        "password",
    );
}

#[test]
fn a_file_with_sha512_and_aes128_opens() {
    opens(
        "sha512",
        &[
            "-keypbe",
            "AES-128-CBC",
            "-certpbe",
            "AES-192-CBC",
            "-macalg",
            "sha512",
        ],
        "p",
    );
}

#[test]
fn a_file_without_password_opens_with_null_and_empty_text() {
    let (_, file) = made("empty", &["-passout", "pass:"]);
    for password in ["(string)null", "\"\""] {
        assert_eq!(about(&file, password, "c.HasPrivateKey"), "bool\tTrue");
    }
    assert_eq!(
        about(&file, "\"x\"", "c.HasPrivateKey"),
        "throws CryptographicException"
    );
}

#[test]
fn an_exported_file_opens_here_and_elsewhere() {
    let (folder, file) = made("export", &["-passout", "pass:first"]);
    let exported = about(
        &file,
        "\"first\"",
        "Convert.ToBase64String(c.Export(X509ContentType.Pfx, \"second\"))",
    );
    let exported = exported.strip_prefix("string\t").expect("a text");
    let exported = base64::engine::general_purpose::STANDARD
        .decode(exported)
        .expect("base64");
    assert_eq!(
        about(&exported, "\"second\"", "c.Subject + c.HasPrivateKey"),
        "string\tCN=gateway.testTrue"
    );
    std::fs::write(folder.join("exported.pfx"), &exported).expect("the file");
    let read = openssl(
        &folder,
        &[
            "pkcs12",
            "-in",
            "exported.pfx",
            "-passin",
            "pass:second",
            "-nodes",
        ],
    );
    let key = |text: &str| {
        let (_, rest) = text
            .split_once("-----BEGIN PRIVATE KEY-----")
            .expect("a key");
        rest.split_once("-----END").expect("its end").0.to_owned()
    };
    let own = std::fs::read_to_string(folder.join("own.key")).expect("the key");
    assert_eq!(key(&read), key(&own));
}

#[test]
fn too_many_iterations_are_refused() {
    let (_, mut file) = made("iterations", &["-passout", "pass:x", "-iter", "4660"]);
    // The last element is the number of iterations of the keyed hash, 0x1234; make it far larger.
    let at = file.len() - 2;
    assert_eq!(file[at..], [0x12, 0x34]);
    file[at] = 0x7f;
    assert_eq!(
        about(&file, "\"x\"", "c.Subject"),
        "throws CryptographicException"
    );
}

#[test]
fn changed_files_never_panic() {
    let (_, file) = made("changed", &["-passout", "pass:x"]);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(64));
    let places = (
        any::<prop::sample::Index>(),
        any::<u8>(),
        any::<prop::sample::Index>(),
    );
    runner
        .run(&places, |(at, byte, end)| {
            let mut changed = file.clone();
            let at = at.index(changed.len());
            changed[at] = byte;
            let end = end.index(changed.len() * 4).max(1);
            changed.truncate(end);
            let found = about(&changed, "\"x\"", "c.Subject");
            prop_assert!(
                found.starts_with("string")
                    || found.starts_with("throws CryptographicException")
                    || found.starts_with("throws ExpressionLimitException"),
                "{found}"
            );
            Ok(())
        })
        .expect("no other outcome");
}

#[test]
fn a_key_of_1024_bits_is_read_and_verifies() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pfx-small");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("data"), [1]).expect("the data");
    for command in [
        "req -x509 -newkey rsa:1024 -nodes -days 30 -subj /CN=small.test -keyout own.key -out own.pem",
        "pkcs12 -export -inkey own.key -in own.pem -passout pass:x -out own.pfx",
        "dgst -sha256 -sign own.key -out signed data",
    ] {
        openssl(&folder, &command.split(' ').collect::<Vec<_>>());
    }
    let read = |name: &str| std::fs::read(folder.join(name)).expect(name);
    let (file, signed) = (read("own.pfx"), base64(&read("signed")));
    let about = |expression: &str| about(&file, "\"x\"", expression);
    assert_eq!(
        about(
            "c.Subject + c.HasPrivateKey + c.GetRSAPublicKey().KeySize + c.GetRSAPrivateKey().KeySize"
        ),
        "string\tCN=small.testTrue10241024"
    );
    let verify = |data: u8, hash: &str, padding: &str| {
        about(&format!(
            "c.GetRSAPublicKey().VerifyData(new byte[] {{ {data} }}, Convert.FromBase64String(\"{signed}\"), \
             HashAlgorithmName.{hash}, RSASignaturePadding.{padding})"
        ))
    };
    assert_eq!(verify(1, "SHA256", "Pkcs1"), "bool\tTrue");
    assert_eq!(verify(2, "SHA256", "Pkcs1"), "bool\tFalse");
    assert_eq!(verify(1, "SHA512", "Pkcs1"), "bool\tFalse");
    // What aws-lc-rs does not do with such a key is no wrong answer.
    for unsupported in [
        verify(1, "SHA384", "Pkcs1"),
        verify(1, "SHA256", "Pss"),
        about(
            "c.GetRSAPrivateKey().SignData(new byte[0], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)",
        ),
        about("c.GetRSAPublicKey().Encrypt(new byte[1], RSAEncryptionPadding.Pkcs1)"),
        about("c.GetRSAPrivateKey().Decrypt(new byte[128], RSAEncryptionPadding.Pkcs1)"),
    ] {
        assert_eq!(unsupported, "throws CryptographicException");
    }
}
