//! What an operation of the admin API is: declared once, for the router, the guard, the OpenAPI document and the tests.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;

use actix_web::HttpResponse;
use actix_web::http::Method;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use utoipa::openapi::{HttpMethod, RefOr, Schema};
use vouchsafe_model::AdminScope;

use super::call::Call;
use crate::problem::Problem;

/// One method of one URL.
pub(crate) struct Operation {
    /// The method.
    pub(crate) verb: Verb,
    /// The URL below `/admin/v1`.
    pub(crate) path: &'static str,
    /// Its name, for generated clients.
    pub(crate) id: &'static str,
    /// The scope it needs; `None` = any valid key will do.
    pub(crate) needs: Option<AdminScope>,
    /// What it does, in a few words.
    pub(crate) summary: &'static str,
    /// What else there is to know.
    pub(crate) description: &'static str,
    /// Its query parameters; any other is refused.
    pub(crate) query: &'static [Parameter],
    /// Its body; `None` = what comes is not read.
    pub(crate) body: Option<Shape>,
    /// Its answer when it succeeds.
    pub(crate) answer: Answer,
    /// Whether what is there may be in its way: 409.
    pub(crate) conflicts: bool,
    /// What runs.
    pub(crate) run: Run,
}

/// Runs an operation for a caller who may ask for it.
pub(crate) type Run = fn(Call) -> Pin<Box<dyn Future<Output = Result<HttpResponse, Problem>>>>;

/// The methods of the admin API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// A query parameter; all are optional.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) schema: fn() -> Object,
}

/// The type of a body, for the OpenAPI document.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) name: fn() -> Cow<'static, str>,
    pub(crate) schema: fn() -> RefOr<Schema>,
    /// The types inside.
    pub(crate) parts: fn(&mut Vec<(String, RefOr<Schema>)>),
}

/// A success.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    pub(crate) body: Option<Shape>,
}

impl Operation {
    /// An operation without parameters, body and conflicts, which any valid key may call. What differs is written over it.
    pub(crate) const fn new(verb: Verb, path: &'static str, id: &'static str, run: Run) -> Self {
        Self {
            verb,
            path,
            id,
            needs: None,
            summary: "",
            description: "",
            query: &[],
            body: None,
            answer: Answer::nothing(),
            conflicts: false,
            run,
        }
    }

    /// The names of the parameters in its URL.
    pub(crate) fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}

impl Verb {
    /// As the router knows it.
    pub(crate) const fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Post => Method::POST,
            Self::Put => Method::PUT,
            Self::Patch => Method::PATCH,
            Self::Delete => Method::DELETE,
        }
    }

    /// As the OpenAPI document knows it.
    pub(crate) const fn in_openapi(self) -> HttpMethod {
        match self {
            Self::Get => HttpMethod::Get,
            Self::Post => HttpMethod::Post,
            Self::Put => HttpMethod::Put,
            Self::Patch => HttpMethod::Patch,
            Self::Delete => HttpMethod::Delete,
        }
    }

    /// As it stands in a request line.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl Shape {
    pub(crate) const fn of<T: ToSchema>() -> Self {
        Self {
            name: T::name,
            schema: T::schema,
            parts: T::schemas,
        }
    }
}

impl Answer {
    /// 200 with a body.
    pub(crate) const fn ok<T: ToSchema>(description: &'static str) -> Self {
        Self {
            status: 200,
            description,
            body: Some(Shape::of::<T>()),
        }
    }

    /// 201 with a body.
    pub(crate) const fn created<T: ToSchema>(description: &'static str) -> Self {
        Self {
            status: 201,
            description,
            body: Some(Shape::of::<T>()),
        }
    }

    /// 204.
    pub(crate) const fn nothing() -> Self {
        Self {
            status: 204,
            description: "Done.",
            body: None,
        }
    }
}
