//! The table of routes: method, path, who may, what answers. And what every answer carries.
use super::body::BODY_BYTES_MAX;
use super::desk::Role::{self, Admin, Api, Operator, Supervisor, Viewer};
use super::guard::{self, Access};
use super::listen::Peer;
use super::problem::Problem;
use super::{App, acts, api, flows, language, legs, live, login, office, openapi, page, phone, reports};
use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::handler::Handler;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use std::collections::BTreeSet;
use tokio_util::sync::CancellationToken;

const SIGNED_IN: Access = Access::Roles(&Role::ALL);
const OPERATORS: Access = Access::Roles(&[Operator, Supervisor, Admin]);
/// Who he is decides the handler; an administrator may in anybody's place.
const HIMSELF: Access = Access::Roles(&[Operator, Admin]);
const SUPERVISORS: Access = Access::Roles(&[Supervisor, Admin]);
const ADMINS: Access = Access::Roles(&[Admin]);
const SUBSCRIBERS: Access = Access::Roles(&[Admin, Api]);
/// Figures of queues name nobody; an operator's are for those who lead him.
const QUEUE_REPORTS: Access = Access::Roles(&[Viewer, Supervisor, Admin, Api]);
const OPERATOR_REPORTS: Access = Access::Roles(&[Supervisor, Admin, Api]);
const METRICS: Access = Access::LoopbackOr(&[Viewer, Supervisor, Admin, Api]);

pub(super) struct Route {
    method: Method,
    path: &'static str,
    access: Access,
    handler: MethodRouter<App>,
}

fn table(app: &App, shutdown: &CancellationToken) -> Vec<Route> {
    use Access::Open;
    let route = Table { app: app.clone() };
    let shutdown = shutdown.clone();
    let events = move |state: axum::extract::State<App>, peer: Peer, headers: HeaderMap| async move {
        live::events(state.0, peer, headers, SIGNED_IN, shutdown)
    };
    let mut routes = vec![
        route.get("/healthz", Open, api::healthz),
        route.get("/readyz", Open, api::readyz),
        route.get("/metrics", METRICS, api::metrics),
        route.post("/api/v1/login", Open, login::login),
        route.post("/api/v1/password", Open, login::change_password),
        route.post("/api/v1/logout", SIGNED_IN, login::logout),
        route.get("/api/v1/session", SIGNED_IN, login::session),
        route.get("/api/v1/view", SIGNED_IN, api::view),
        route.get("/api/v1/queues", SIGNED_IN, api::queues),
        route.get("/api/v1/queues/{name}", SIGNED_IN, api::queue),
        route.get("/api/v1/calls", SIGNED_IN, api::calls),
        route.get("/api/v1/calls/{id}", SIGNED_IN, api::call),
        route.delete("/api/v1/calls/{id}", SUPERVISORS, api::hang_up),
        route.get("/api/v1/calls/{id}/why", SIGNED_IN, api::why),
        route.get("/api/v1/calls/{id}/signalling", SIGNED_IN, api::signalling),
        route.post("/api/v1/calls/{id}/transfer", OPERATORS, legs::transfer),
        route.post("/api/v1/calls/{id}/transfer/complete", OPERATORS, legs::complete_transfer),
        route.delete("/api/v1/calls/{id}/transfer", OPERATORS, legs::cancel_transfer),
        route.post("/api/v1/calls/{id}/listen", SUPERVISORS, legs::listen),
        route.delete("/api/v1/calls/{id}/listen", SUPERVISORS, legs::stop_listening),
        route.post("/api/v1/calls/{id}/whisper", SUPERVISORS, legs::whisper),
        route.post("/api/v1/calls/{id}/barge", SUPERVISORS, legs::barge),
        route.post("/api/v1/calls/{id}/recording", OPERATORS, legs::pause_recording),
        route.post("/api/v1/operators/{id}/calls", OPERATORS, legs::call_out),
        route.get("/api/v1/operators", SIGNED_IN, api::operators),
        route.get("/api/v1/operators/{id}", SIGNED_IN, api::operator),
        route.put("/api/v1/operators/{id}", OPERATORS, api::set_operator),
        route.post("/api/v1/operators/{id}/credential", HIMSELF, phone::credential),
        route.get(phone::PATH, Open, phone::connect),
        route.put("/api/v1/subscribers/{number}", SUBSCRIBERS, api::set_subscriber),
        route.get("/api/v1/events", SIGNED_IN, events),
        route.get("/api/v1/reports/daily", QUEUE_REPORTS, reports::daily),
        route.get("/api/v1/reports/queue", QUEUE_REPORTS, reports::queue),
        route.get("/api/v1/reports/menu", QUEUE_REPORTS, reports::menu),
        route.get("/api/v1/reports/operator", OPERATOR_REPORTS, reports::operator),
        route.post("/api/v1/calls/{id}/move", SUPERVISORS, acts::move_caller),
        route.post("/api/v1/calls/{id}/raise", SUPERVISORS, acts::raise),
        route.post("/api/v1/operators/{id}/end-wrap-up", SUPERVISORS, acts::end_wrap_up),
        route.put("/api/v1/queues/{name}", SUPERVISORS, acts::set_queue),
        route.get("/api/v1/announcement", SIGNED_IN, acts::announcement),
        route.put("/api/v1/announcement", SUPERVISORS, acts::set_announcement),
        route.delete("/api/v1/announcement", SUPERVISORS, acts::remove_announcement),
        route.get("/api/v1/caller-rules", SUPERVISORS, acts::rules),
        route.put("/api/v1/caller-rules/{number}", SUPERVISORS, acts::set_rule),
        route.delete("/api/v1/caller-rules/{number}", SUPERVISORS, acts::remove_rule),
        route.get("/api/v1/alerts", SIGNED_IN, acts::alerts),
        route.get("/api/v1/flows", SIGNED_IN, flows::list),
        route.post("/api/v1/flows/reload", SUPERVISORS, flows::reload),
        route.post("/api/v1/flows/rollback", SUPERVISORS, flows::roll_back),
        route.put("/api/v1/flows/{name}/arms/{step}/{arm}", SUPERVISORS, flows::set_arm),
        route.get("/api/v1/flows/{name}", SUPERVISORS, flows::flow),
        route.get("/api/v1/flows/{name}/graph", SIGNED_IN, flows::graph),
        route.get("/api/v1/flows/{name}/diff", SUPERVISORS, flows::diff),
        route.post("/api/v1/drain", ADMINS, api::drain),
        route.put("/api/v1/log-level", ADMINS, api::set_log_level),
    ];
    routes.push(route.get("/api/v1/openapi.json", SIGNED_IN, openapi::document));
    routes.extend(office::routes(&route));
    for file in page::files() {
        routes.push(route.get(
            file.path,
            Open,
            move |headers: HeaderMap| async move { file.answer(&headers) },
        ));
    }
    routes
}

/// Every route with its method and who may use it, for documents and tests.
pub fn routes(app: &App) -> Vec<(Method, &'static str, Access)> {
    let table = table(app, &CancellationToken::new());
    table.into_iter().map(|route| (route.method, route.path, route.access)).collect()
}

/// The areas of the API, by which tokens are narrowed: `calls` of `/api/v1/calls/{id}`.
pub(super) fn areas(app: &App) -> BTreeSet<&'static str> {
    let guarded = routes(app).into_iter().filter(|(_, _, access)| *access != Access::Open);
    guarded.map(|(_, path, _)| area(path)).collect()
}

fn area(path: &'static str) -> &'static str {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    path.split('/').nth(1).unwrap_or("")
}

pub fn router(app: App, shutdown: CancellationToken) -> Router {
    let tls = app.options.tls;
    let mut router = Router::new();
    for route in table(&app, &shutdown) {
        router = router.route(route.path, route.handler);
    }
    router
        .fallback(async || Problem::not_found("no route has this path"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed("see the Allow header"))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(move |request: Request, next: Next| dress(tls, request, next)))
        .with_state(app)
}

pub(super) struct Table {
    app: App,
}

impl Table {
    pub(super) fn get<H: Handler<T, App>, T: 'static>(
        &self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Route {
        self.on(Method::GET, MethodFilter::GET, path, access, handler)
    }
    pub(super) fn put<H: Handler<T, App>, T: 'static>(
        &self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Route {
        self.on(Method::PUT, MethodFilter::PUT, path, access, handler)
    }
    pub(super) fn post<H: Handler<T, App>, T: 'static>(
        &self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Route {
        self.on(Method::POST, MethodFilter::POST, path, access, handler)
    }
    pub(super) fn delete<H: Handler<T, App>, T: 'static>(
        &self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Route {
        self.on(Method::DELETE, MethodFilter::DELETE, path, access, handler)
    }

    fn on<H: Handler<T, App>, T: 'static>(
        &self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Route {
        let app = self.app.clone();
        let door = from_fn(move |request: Request, next: Next| {
            guard::check(app.clone(), access, area(path), request, next)
        });
        Route { method, path, access, handler: on(filter, handler).layer(door) }
    }
}

/// Headers of every answer: no scripts but ours, no frames, no guessing of types, nothing kept unless a route says so.
const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=()"),
];
/// Half a year, as browsers' preload lists ask at least.
const STRICT_TRANSPORT: &str = "max-age=15768000";

async fn dress(tls: bool, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let reads = language::asked(request.headers());
    let mut response = language::speak(next.run(request).await, reads);
    // The matched path, not the asked one: a number in a path is no matter for the log.
    let path = path.as_ref().map_or("none", MatchedPath::as_str);
    tracing::debug!(%method, path, status = response.status().as_u16(), "web request");
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        // A route may say otherwise of itself: a picture has a style of its own.
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT_TRANSPORT));
    }
    response
}
