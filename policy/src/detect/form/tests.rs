use super::*;

/// What a form finds first in a text, from any of its triggers.
fn found<'a>(form: &str, text: &'a str) -> Option<(&'a str, Confidence)> {
    let form = super::find(form).unwrap();
    let lower = text.to_ascii_lowercase();
    let places =
        (0..text.len()).filter(|at| form.triggers.iter().any(|t| lower.as_bytes()[*at..].starts_with(t.as_bytes())));
    let hit = places.filter_map(|at| (form.find)(text.as_bytes(), at, &mut 100_000)).next()?;
    Some((text.get(hit.start..hit.end).unwrap(), hit.confidence))
}

#[test]
fn assigned_secrets_are_found_in_every_way_of_writing() {
    let secret = "x9Kq27LmZ0pVwT4r";
    let ways = [
        "api_key = \"{}\"",
        "apiKey: '{}'",
        "export ACME_TOKEN={}",
        "\"acme_token\": \"{}\"",
        "<acmeToken>{}</acmeToken>",
        "acme_token => \"{}\"",
        "System.setProperty(\"ACME_TOKEN\", \"{}\")",
        "acme_TOKEN ::= \"{}\"",
        "var acmeToken string = \"{}\"",
        "string acmeToken = \"{}\";",
        "acmeToken := `{}`",
        "$acmeToken .= \"{}\"",
        "acme_token: |\n  {}",
        "?api_key={}&x=1",
        "Authorization: Bearer {}",
        "my secret is {}",
        r#"{\"api_key\": \"{}\"}"#,
        "password={}",
        "x-api-key: {}",
        "const token: string = '{}'",
    ];
    let missed: Vec<&str> = ways
        .into_iter()
        .filter(|way| {
            found("assigned-secret", &way.replacen("{}", secret, 1).replace("{\\\"api", "\\\"api"))
                != Some((secret, Confidence::Pattern))
        })
        .collect();
    assert_eq!(missed, Vec::<&str>::new());
}

#[test]
fn names_without_a_secret_value_are_left_alone() {
    let texts = [
        "the token count is important",
        "password: string",
        "api_key = os.environ['KEY']",
        "token = get_token()",
        "secret: ${SECRET}",
        "password = input(\"Password: \")",
        "key: primary_key_column",
        "const key = user.organisation.id",
        "max_tokens: 4096",
        "tokens: 12345678901234",
        "the secret is to practise every day",
        "API_KEY=your-api-key-here",
        "\"token\": \"<token>\"",
        "password is required",
        "token: authentication-service",
        "basic understanding of programming",
        "keywords = machine-learning",
        "author: Jane Doe-Smithson",
        r#"{"prompt_cache_key":"01a21882-8c65-7f70-b8fc-7c30e81c9ed9"}"#,
        "Idempotency-Key: 6b1f0d52-8f4c-4d6e-9c1a-2f7be0a4c3d8",
        "cacheKey = '7f3kQz9WmX2vLp8rTy4cNb6d'",
    ];
    for text in texts {
        assert!(
            found("assigned-secret", text).is_none_or(|(_, confidence)| confidence == Confidence::Weak),
            "{text}: {:?}",
            found("assigned-secret", text)
        );
    }
}

#[test]
fn structured_secrets_are_found_whole() {
    let cases = [
        (
            "url-credentials",
            "dsn postgres://app:s3cr3tPw@db.acme.io:5432/x",
            Some(("postgres://app:s3cr3tPw@db.acme.io:5432", Confidence::Pattern)),
        ),
        ("url-credentials", "see https://acme.io/@user", None),
        ("url-credentials", "mysql://user:password@host/db", Some(("mysql://user:password@host", Confidence::Weak))),
        (
            "jwt",
            "t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl;",
            Some(("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl", Confidence::Validated)),
        ),
        ("jwt", "eyJub3QiOiJhIHRva2VuIn0.eyJzdWIiOiI0MiJ9.x", None),
        (
            "seed-phrase",
            "my seed phrase: legal winner thank year wave sausage worth useful legal winner thank yellow",
            Some(("legal winner thank year wave sausage worth useful legal winner thank yellow", Confidence::Context)),
        ),
        (
            "seed-phrase",
            "a mnemonic is a device that helps people to remember things for a long time in their life",
            None,
        ),
    ];
    for (form, text, expected) in cases {
        assert_eq!(found(form, text), expected, "{text}");
    }
    let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----", "MIIEow".repeat(20));
    assert_eq!(found("private-key", &format!("key:\n{key}\n")), Some((key.as_str(), Confidence::Validated)));
}
