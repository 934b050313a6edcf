//! `GET /openapi.json`: the API for programs, made of the table of routes itself, so that no route is missing and nobody's
//! rights are told wrong. What a table cannot say (words, bodies, answers) is in `words.rs`.
mod words;

use super::App;
use super::guard::Access;
use super::routes::routes;
use axum::Json;
use axum::extract::State;
use axum::http::Method;
use serde_json::json;
use std::collections::BTreeMap;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, Paths,
    Ref, RefOr, Required, ResponseBuilder, SecurityRequirement,
};
use utoipa::{IntoParams, ToSchema};

const BEARER: &str = "token";
const COOKIE: &str = "session";
const PROBLEM: &str = "Problem";

/// The schemas that the document names.
pub(super) type Schemas = Vec<(String, RefOr<Schema>)>;
type SchemaOf = fn(&mut Schemas) -> RefOr<Schema>;
type ParamsOf = fn() -> Vec<Parameter>;

/// What is said of one route beside its method, path and roles.
pub(super) struct Words {
    method: Method,
    path: &'static str,
    summary: &'static str,
    query: Option<ParamsOf>,
    body: Option<SchemaOf>,
    answer: Answer,
    /// Types of content that `format` asks for instead.
    formats: &'static [&'static str],
}

enum Answer {
    /// A status and a body of this shape.
    Json(u16, SchemaOf),
    /// JSON without a shape of its own: the figures of the view and of reports, which grow.
    Any(u16),
    /// Another type of content.
    Is(&'static str),
    /// 204.
    Nothing,
}

pub async fn document(State(app): State<App>) -> Json<OpenApi> {
    Json(build(&app))
}

fn schema<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    T::schemas(schemas);
    schemas.push((T::name().into_owned(), T::schema()));
    Ref::from_schema_name(T::name()).into()
}

fn list<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    utoipa::openapi::ArrayBuilder::new().items(schema::<T>(schemas)).into()
}

fn params<T: IntoParams>() -> Vec<Parameter> {
    T::into_params(|| Some(ParameterIn::Query))
}

/// Routes of the API; the pages' files, health and metrics are no part of it.
fn is_api(path: &str) -> bool {
    path.starts_with("/api/")
}

fn build(app: &App) -> OpenApi {
    let mut words = words::all();
    let mut schemas = Schemas::new();
    let mut items: BTreeMap<&'static str, PathItem> = BTreeMap::new();
    for (method, path, access) in routes(app).into_iter().filter(|(_, path, _)| is_api(path)) {
        let said = words.iter().position(|words| words.method == method && words.path == path);
        let said = said.map(|at| words.swap_remove(at));
        let operation = operation(&method, path, access, said, &mut schemas);
        let item = items.entry(path).or_default();
        if let Some(method) = http_method(&method) {
            item.merge_operations(PathItem::new(method, operation.clone()));
        }
    }
    let mut paths = Paths::new();
    paths.paths = items.into_iter().map(|(path, item)| (path.to_string(), item)).collect();
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let cookie = ApiKey::Cookie(ApiKeyValue::new(app.options.cookie_name()));
    let components = ComponentsBuilder::new()
        .schema(PROBLEM, problem())
        .schemas_from_iter(schemas)
        .security_scheme(BEARER, SecurityScheme::Http(token))
        .security_scheme(COOKIE, SecurityScheme::ApiKey(cookie))
        .build();
    let info = InfoBuilder::new().title("Hotline").version(env!("CARGO_PKG_VERSION")).description(Some(
        "Errors are application/problem+json (RFC 9457). A token may be narrowed to scopes, AREA:read and AREA:write, where the area is the first part of a path.",
    ));
    OpenApiBuilder::new().info(info.build()).paths(paths).components(Some(components)).build()
}

fn http_method(method: &Method) -> Option<HttpMethod> {
    Some(match *method {
        Method::GET => HttpMethod::Get,
        Method::PUT => HttpMethod::Put,
        Method::POST => HttpMethod::Post,
        Method::DELETE => HttpMethod::Delete,
        _ => return None,
    })
}

fn operation(
    method: &Method,
    path: &'static str,
    access: Access,
    words: Option<Words>,
    schemas: &mut Schemas,
) -> utoipa::openapi::path::Operation {
    let plain = path.trim_start_matches("/api/v1/").replace(['/', '-'], "_").replace(['{', '}'], "");
    let mut builder = OperationBuilder::new()
        .operation_id(Some(format!("{}_{plain}", method.as_str().to_lowercase())))
        .tag(path.split('/').nth(3).unwrap_or("api"));
    for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        let text = ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).build();
        let parameter =
            ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
        builder = builder.parameter(parameter.schema(Some(text)).build());
    }
    let problems: &[(&str, &str)] = match access {
        Access::Open => &[],
        Access::Roles(roles) | Access::LoopbackOr(roles) => {
            let roles = roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
            builder = builder.description(Some(format!("Roles: {roles}.")));
            let none: [&str; 0] = [];
            builder = builder.security(SecurityRequirement::new(BEARER, none));
            builder = builder.security(SecurityRequirement::new(COOKIE, none));
            &[("401", "nobody has signed in"), ("403", "the role, the scope or the origin does not allow it")]
        }
    };
    for (status, what) in problems.iter().chain(&[("default", "a problem")]) {
        builder = builder.response(*status, problem_response(what));
    }
    let Some(words) = words else { return builder.build() };
    builder = builder.summary(Some(words.summary));
    for parameter in words.query.map(|query| query()).unwrap_or_default() {
        builder = builder.parameter(parameter);
    }
    if let Some(body) = words.body {
        let content = ContentBuilder::new().schema(Some(body(schemas))).build();
        let body = RequestBodyBuilder::new().content("application/json", content);
        builder = builder.request_body(Some(body.required(Some(Required::True)).build()));
    }
    let (status, what, kind, content) = match words.answer {
        Answer::Nothing => (204, "done", None, ContentBuilder::new()),
        Answer::Any(status) => {
            let any = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
            (status, "JSON", Some("application/json"), ContentBuilder::new().schema(Some(any)))
        }
        Answer::Json(status, shape) => {
            (status, "JSON", Some("application/json"), ContentBuilder::new().schema(Some(shape(schemas))))
        }
        Answer::Is(kind) => (200, kind, Some(kind), ContentBuilder::new()),
    };
    let mut response = ResponseBuilder::new().description(what);
    if let Some(kind) = kind {
        response = response.content(kind, content.build());
    }
    for format in words.formats {
        response = response.content(*format, ContentBuilder::new().build());
    }
    builder.response(status.to_string(), response.build()).build()
}

fn problem_response(what: &str) -> utoipa::openapi::Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(PROBLEM))).build();
    ResponseBuilder::new().description(what).content("application/problem+json", content).build()
}

fn problem() -> RefOr<Schema> {
    let text = || ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).build();
    let number = ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer)).build();
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Object))
        .property("type", text())
        .property("title", text())
        .property("status", number)
        .property("code", text())
        .property("detail", text())
        .required("status")
        .required("code")
        .description(Some("RFC 9457; `code` is the stable word for programs"))
        .examples([json!({ "status": 404, "code": "not-found" })])
        .into()
}

/// Routes of the API of which nothing is said, and words about routes that are not there: for the test.
pub fn gaps(app: &App) -> Vec<String> {
    let table: Vec<_> = routes(app).into_iter().filter(|(_, path, _)| is_api(path)).collect();
    let words = words::all();
    let unsaid = table.iter().filter(|(method, path, _)| {
        !words.iter().any(|words| words.method == *method && words.path == *path)
    });
    let gone = words.iter().filter(|words| {
        !table.iter().any(|(method, path, _)| words.method == *method && words.path == *path)
    });
    unsaid
        .map(|(method, path, _)| format!("nothing is said of {method} {path}"))
        .chain(gone.map(|words| format!("there is no {} {}", words.method, words.path)))
        .collect()
}
