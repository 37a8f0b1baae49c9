//! `/admin/v1`: what an operator does from a terminal or a script.
//!
//! Every operation stands in one table ([`operations`]). From it come the routes, the guard in front of each of them, the
//! OpenAPI document and the test that tries every operation with too little scope: an operation that is not in the table
//! does not exist. Handlers parse, call one function of `token-exchange`, `sign-in` or `identity-provider`, and render.

mod admin_keys;
mod call;
mod client_secrets;
mod client_wire;
mod clients;
mod connections;
mod delegations;
mod input;
mod operation;
mod providers;
mod records;
mod revoke_access;
mod schemas;
mod users;
mod whoami;
pub(crate) mod wire;

use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use vouchsafe_model::AdminScope;

use crate::admin;
use crate::problem::Problem;
use crate::site::Site;

use call::Call;
pub(crate) use operation::{Operation, Parameter, Shape};

/// Every operation of the admin API.
pub(crate) fn operations() -> impl Iterator<Item = &'static Operation> {
    FAMILIES.iter().copied().flatten()
}

/// An operation of the admin API, for tests that must try each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdminOperation {
    /// The method.
    pub method: &'static str,
    /// The URL below `/admin/v1`, with `{names}` for its parameters.
    pub path: &'static str,
    /// The scope it needs; `None` = any valid key will do.
    pub scope: Option<AdminScope>,
    /// Whether it reads a body.
    pub has_body: bool,
}

/// Every operation of the admin API, below `/admin/v1`.
pub fn admin_operations() -> impl Iterator<Item = AdminOperation> {
    operations().map(|operation| AdminOperation {
        method: operation.verb.as_str(),
        path: operation.path,
        scope: operation.needs,
        has_body: operation.body.is_some(),
    })
}

/// The routes, as the operations declare them.
pub(crate) fn configure(config: &mut ServiceConfig) {
    let mut paths: Vec<&'static str> = operations().map(|operation| operation.path).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        config.service(resource(path));
    }
}

fn resource(path: &'static str) -> Resource {
    let here = || operations().filter(move |operation| operation.path == path);
    let mut verbs: Vec<&str> = here().map(|operation| operation.verb.as_str()).collect();
    if verbs.contains(&"GET") {
        verbs.push("HEAD");
    }
    let allow = verbs.join(", ");
    let mut resource = web::resource(format!("{BASE}{path}"));
    for operation in here() {
        let handler = move |site: web::Data<Site>, request: HttpRequest, payload: web::Payload| async move {
            let answer = call(operation, site, request, payload).await;
            answer.unwrap_or_else(|problem| problem.response())
        };
        resource = resource.route(web::method(operation.verb.method()).to(handler));
    }
    resource.default_service(web::to(move || {
        let mut response = Problem::MethodNotAllowed.response();
        if let Ok(allow) = HeaderValue::from_str(&allow) {
            response.headers_mut().insert(ALLOW, allow);
        }
        std::future::ready(response)
    }))
}

/// The schema of a parameter of a URL.
pub(crate) fn path_parameter(name: &str) -> Object {
    match name {
        "user_id" => wire::user_id(),
        "client_id" => wire::client_id(),
        "provider_id" => wire::provider_id(),
        "connection_id" => wire::connection_id(),
        "delegation_id" => wire::delegation_id(),
        "admin_key_id" => wire::admin_key_id(),
        "secret_id" => wire::secret_id(),
        _ => Object::new(),
    }
}

/// The guard: nothing of the request is looked at before it is known who asks and that they may.
async fn call(
    operation: &Operation,
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (principal, origin) = admin::authorized(&site, &request, operation.needs).await?;
    let query = input::query(&request, operation.query)?;
    let body = match operation.body {
        Some(_) => Some(input::bytes(&request, payload).await?),
        None => None,
    };
    let call = Call {
        site,
        request,
        principal,
        origin,
        query,
        body,
    };
    (operation.run)(call).await
}

/// Where the operations are, below the issuer.
pub(crate) const BASE: &str = "/admin/v1";

const FAMILIES: &[&[Operation]] = &[
    users::OPERATIONS,
    clients::OPERATIONS,
    client_secrets::OPERATIONS,
    providers::OPERATIONS,
    connections::OPERATIONS,
    revoke_access::OPERATIONS,
    delegations::OPERATIONS,
    records::OPERATIONS,
    admin_keys::OPERATIONS,
    whoami::OPERATIONS,
];

/// `limit` of a list.
const LIMIT: Parameter = Parameter {
    name: "limit",
    description: "How many items at most; 50 if not said.",
    schema: || {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(200))
            .build()
    },
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_is_declared_once_and_says_what_it_does() {
        let mut seen = BTreeSet::new();
        for operation in operations() {
            let name = format!("{} {}", operation.verb.as_str(), operation.path);
            assert!(seen.insert(name.clone()), "{name} is declared twice");
            assert!(seen.insert(operation.id.to_owned()), "{name}: its id is taken");
            assert!(operation.summary.ends_with('.'), "{name} has no summary");
            assert!(
                operation.path.starts_with('/') && !operation.path.ends_with('/'),
                "{name}"
            );
            let only_whoami = operation.needs.is_some() || operation.path == "/whoami";
            assert!(only_whoami, "{name} needs no scope");
            for parameter in operation.path_parameters() {
                let described = serde_json::to_value(path_parameter(parameter)).unwrap();
                assert!(described["pattern"].is_string(), "{name}: what is a {parameter}?");
            }
        }
    }
}
