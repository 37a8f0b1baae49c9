//! The OpenAPI 3.1 document: every operation of the admin API from the table it is served from, with the types that it
//! speaks; and beside it what anyone may call.

mod public;
mod rules;

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, InfoBuilder, OpenApiBuilder, PathItem, Ref, RefOr, Required, ServerBuilder,
};

use crate::routes::admin::{self, BASE, Operation, Parameter, Shape, path_parameter};

/// The document of the server at `issuer`.
pub(crate) fn document(issuer: &str) -> Value {
    let mut components = ComponentsBuilder::new()
        .security_scheme(ADMIN_KEY, bearer())
        .schema("Problem", Problem::schema_itself());
    for (name, response) in problems() {
        components = components.response(name, response);
    }
    let mut paths = PathsBuilder::new();
    for operation in admin::operations() {
        for shape in operation.body.into_iter().chain(operation.answer.body) {
            components = components.schemas_from_iter(schemas(shape));
        }
        let item = PathItem::new(operation.verb.in_openapi(), described(operation));
        paths = paths.path(format!("{BASE}{}", operation.path), item);
    }
    let document = OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Vouchsafe")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(ABOUT))
                .build(),
        )
        .servers(Some([ServerBuilder::new().url(issuer).build()]))
        .paths(paths)
        .components(Some(components.build()))
        .build();
    let mut document = serde_json::to_value(document).expect("an OpenAPI document is JSON");
    for (name, rule) in rules::rules() {
        if let (Some(Value::Object(schema)), Value::Object(rule)) =
            (document.pointer_mut(&format!("/components/schemas/{name}")), rule)
        {
            schema.extend(rule);
        }
    }
    public::add_to(&mut document, issuer);
    document
}

fn described(operation: &Operation) -> utoipa::openapi::path::Operation {
    let scope = operation.needs.map(vouchsafe_model::AdminScope::as_str);
    let needed = match scope {
        Some(scope) => format!("Needs the scope `{scope}`."),
        None => "Needs no scope.".to_owned(),
    };
    let description = match operation.description {
        "" => needed,
        more => format!("{more}\n\n{needed}"),
    };
    let mut builder = OperationBuilder::new()
        .operation_id(Some(operation.id))
        .tag(operation.path.split('/').nth(1).unwrap_or_default())
        .summary(Some(operation.summary))
        .description(Some(description))
        .security(SecurityRequirement::new::<_, [&str; 0], &str>(ADMIN_KEY, []));
    if let Some(scope) = scope {
        builder = builder.extensions(Some(
            ExtensionsBuilder::new().add("x-required-scope", scope).build(),
        ));
    }
    for name in operation.path_parameters() {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(path_parameter(name)));
        builder = builder.parameter(parameter);
    }
    for Parameter {
        name,
        description,
        schema,
    } in operation.query
    {
        let parameter = ParameterBuilder::new()
            .name(*name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(*description))
            .schema(Some(schema()));
        builder = builder.parameter(parameter);
    }
    if let Some(shape) = operation.body {
        let body = RequestBodyBuilder::new()
            .required(Some(Required::True))
            .content("application/json", Content::new(Some(reference(shape))))
            .build();
        builder = builder.request_body(Some(body));
    }
    builder = builder.response(operation.answer.status.to_string(), success(operation));
    for (status, name) in refusals(operation) {
        let problem = Ref::from_response_name(name);
        builder = builder.response(status, RefOr::<Response>::Ref(problem));
    }
    builder.build()
}

fn success(operation: &Operation) -> Response {
    let answer = operation.answer;
    let mut response = ResponseBuilder::new().description(answer.description);
    if let Some(shape) = answer.body {
        response = response.content("application/json", Content::new(Some(reference(shape))));
    }
    if answer.status == 201 {
        let header = HeaderBuilder::new()
            .description(Some("Where what was made can be found."))
            .schema(Some(String::schema_itself()));
        response = response.header("Location", header.build());
    }
    response.build()
}

/// Every answer of an operation that is no success: status and name.
fn refusals(operation: &Operation) -> impl Iterator<Item = (&'static str, &'static str)> {
    let (has_id, has_body) = (operation.path.contains('{'), operation.body.is_some());
    let conflicts = operation.conflicts;
    PROBLEMS
        .iter()
        .filter(move |(status, ..)| match *status {
            "404" => has_id,
            "408" | "413" | "415" => has_body,
            "409" => conflicts,
            _ => true,
        })
        .map(|(status, name, _)| (*status, *name))
}

fn problems() -> impl Iterator<Item = (&'static str, Response)> {
    PROBLEMS.iter().map(|(_, name, description)| {
        let content = Content::new(Some(Ref::from_schema_name("Problem")));
        let response = ResponseBuilder::new()
            .description(*description)
            .content("application/problem+json", content);
        (*name, response.build())
    })
}

/// A type and those inside it, as components.
fn schemas(shape: Shape) -> Vec<(String, RefOr<utoipa::openapi::Schema>)> {
    let mut found = vec![((shape.name)().into_owned(), (shape.schema)())];
    (shape.parts)(&mut found);
    found
}

fn reference(shape: Shape) -> Ref {
    Ref::from_schema_name((shape.name)())
}

fn bearer() -> SecurityScheme {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An admin key. What it may do are its scopes: `read`, `revoke`, `manage`, `trust`; each operation says in \
             `x-required-scope` which one it needs. Over the server's local socket no key is needed.",
        ));
    SecurityScheme::Http(scheme.build())
}

/// What was wrong (RFC 9457).
#[derive(ToSchema)]
#[expect(dead_code, reason = "problems are written in problem.rs; this describes them")]
struct Problem {
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// What was wrong, and what to do: for people.
    detail: String,
}

/// The schema of a type, inline.
trait SchemaItself {
    fn schema_itself() -> RefOr<utoipa::openapi::Schema>;
}

impl<T: utoipa::PartialSchema> SchemaItself for T {
    fn schema_itself() -> RefOr<utoipa::openapi::Schema> {
        T::schema()
    }
}

/// Status, name and meaning of everything that is no success.
const PROBLEMS: &[(&str, &str, &str)] = &[
    (
        "400",
        "BadRequest",
        "A parameter or the body is malformed: `detail` names it and says what it should be.",
    ),
    (
        "401",
        "Unauthorized",
        "There is no admin key, or it is unknown, expired or deleted.",
    ),
    (
        "403",
        "Forbidden",
        "The admin key does not have the scope, or plain HTTP is not served.",
    ),
    ("404", "NotFound", "There is nothing here."),
    (
        "405",
        "MethodNotAllowed",
        "This method does not exist here; see `Allow`.",
    ),
    ("408", "RequestTimeout", "The body did not arrive in time."),
    (
        "409",
        "Conflict",
        "What is there does not allow it: `detail` says why.",
    ),
    ("413", "ContentTooLarge", "The body is larger than 64 KiB."),
    (
        "415",
        "UnsupportedMediaType",
        "The body is not `application/json`.",
    ),
    (
        "500",
        "InternalServerError",
        "The server failed, or a stored row was changed past it.",
    ),
    (
        "503",
        "ServiceUnavailable",
        "The server cannot complete the request right now.",
    ),
];

const ADMIN_KEY: &str = "admin_key";
const ABOUT: &str = "An RFC 8693 token-exchange authorization server with a token vault. Below `/admin/v1` is what operators \
                     do; bodies are JSON, unknown fields and parameters are refused, times are RFC 3339 in UTC, lists go on \
                     at `next_cursor`.";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn example() -> Value {
        document("https://vouchsafe.example")
    }

    #[test]
    fn every_operation_is_in_the_document_and_every_documented_one_is_served() {
        let document = example();
        let mut documented = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, described) in item.as_object().unwrap() {
                if let Some(path) = path.strip_prefix(BASE) {
                    documented.insert(format!("{} {path}", method.to_uppercase()));
                    assert!(described["description"].as_str().unwrap().contains("Needs "));
                }
            }
        }
        let served: BTreeSet<String> = admin::operations()
            .map(|operation| format!("{} {}", operation.verb.as_str(), operation.path))
            .collect();
        assert_eq!(documented, served);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn look(document: &Value, value: &Value) {
            match value {
                Value::Object(members) => {
                    if let Some(Value::String(to)) = members.get("$ref") {
                        let pointer = to.strip_prefix('#').unwrap();
                        assert!(document.pointer(pointer).is_some(), "{to} leads nowhere");
                    }
                    members.values().for_each(|member| look(document, member));
                }
                Value::Array(items) => items.iter().for_each(|item| look(document, item)),
                _ => {}
            }
        }
        let document = example();
        look(&document, &document);
        assert_eq!(document["openapi"], "3.1.0");
    }

    #[test]
    fn the_checked_in_document_is_what_is_served() {
        let stored: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
        assert!(
            stored == example(),
            "docs/openapi.json is stale: `just openapi` writes it anew"
        );
    }

    #[test]
    #[ignore = "writes docs/openapi.json: run it by `just openapi`"]
    fn write_the_checked_in_document() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
        let text = serde_json::to_string_pretty(&example()).unwrap();
        std::fs::write(path, text + "\n").unwrap();
    }
}
