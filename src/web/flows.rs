//! The call flows as an admin sees them: which set is in force, what was in force before, what is wrong with the files
//! on the disk, how a flow looks as a graph. The files themselves are the program's matter ([`Flows`]).
use super::App;
use super::api::{ask, audit, now, shown};
use super::body::{Body, MaybeBody, Params};
use super::guard::Caller;
use super::language::Reads;
use super::problem::Problem;
use super::reason::Reason;
use crate::flow::{Arm, Severity, russian};
use crate::say::Language;
use crate::switchboard::view::ArmView;
use crate::switchboard::{Admin, View};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// What the pages ask of the flows on the disk and in force. Joined by `server/flows`.
pub trait Flows: Send + Sync + 'static {
    fn list(&self) -> FlowList;

    /// `None`: no flow of the set in force has this name.
    fn flow(&self, name: &str) -> Option<FlowText>;

    fn graph(&self, name: &str, format: GraphFormat) -> Option<String>;

    /// What changed in a flow from one version to another, as a unified text; by default from the version before the
    /// current one to the current one.
    fn diff(&self, name: &str, from: Option<&str>, to: Option<&str>) -> Result<String, NoVersion>;

    /// Whether the prompts' catalogue has this one, in every language.
    fn has_prompt(&self, name: &str) -> bool;

    /// Reads the files again. `by` is who wanted it, for the list of versions.
    fn reload<'a>(&'a self, by: &'a str) -> BoxFuture<'a, Reloaded>;

    /// Back to a version that was in force; `None`: the one before the current.
    fn roll_back<'a>(
        &'a self,
        to: Option<&'a str>,
        by: &'a str,
    ) -> BoxFuture<'a, Result<Reloaded, NoVersion>>;
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GraphFormat {
    #[default]
    Svg,
    Mermaid,
    Dot,
}

/// What a reload or a rollback came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Reloaded {
    /// New calls begin with this set. `changed` are the flows that differ from those in force before.
    Taken { hash: String, changed: Vec<String> },
    /// The set has errors and nothing changed.
    Refused { findings: Vec<Found> },
    /// The set is good, but the engine did not take it: it is being stopped.
    NotTaken,
}

/// No version of this name is kept, or it lacks the flow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoVersion(pub String);

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlowList {
    /// The hash of the set that new calls begin with.
    pub current: String,
    pub loaded_at: String,
    /// The last reload, if it was refused.
    pub failed: Option<Failed>,
    pub flows: Vec<FlowRow>,
    /// Newest first.
    pub versions: Vec<Version>,
    /// Arms of `split`s that have taken calls or were withdrawn.
    pub arms: Vec<ArmView>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failed {
    pub at: String,
    pub findings: Vec<Found>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlowRow {
    pub name: String,
    pub file: String,
    /// `null` for a sub-flow.
    pub number: Option<String>,
    pub steps: usize,
    pub worst_case: Option<WorstCase>,
}

/// The way to a person from the place from which it takes longest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorstCase {
    pub seconds: u64,
    pub keys: u32,
    pub via: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Version {
    pub hash: String,
    pub loaded_at: String,
    pub by: String,
    pub flows_changed: Vec<String>,
}

/// One finding of the checker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    pub code: &'static str,
    pub severity: Severity,
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub message: String,
    pub fix: String,
    /// The line itself.
    pub excerpt: Option<String>,
}

impl Found {
    fn read_in(self, language: Language) -> Found {
        match language {
            Language::En => self,
            Language::Ru => {
                Found { message: russian::sentence(&self.message), fix: russian::sentence(&self.fix), ..self }
            }
        }
    }
}

fn read_in(findings: Vec<Found>, language: Language) -> Vec<Found> {
    findings.into_iter().map(|found| found.read_in(language)).collect()
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlowText {
    pub name: String,
    pub file: String,
    pub text: String,
    /// What the checker says of the file on the disk; warnings, unless the last reload was refused.
    pub findings: Vec<Found>,
    /// In the order of the file.
    pub steps: Vec<StepText>,
}

/// A step as people know it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepText {
    pub name: String,
    /// `menu`, `play`, `queue`…
    pub kind: String,
    /// What the caller hears there, by language; empty where nothing is said.
    pub says: BTreeMap<Language, String>,
}

pub async fn list(State(app): State<App>, Reads(language): Reads) -> Result<Json<FlowList>, Problem> {
    let arms = now(&app).arms.clone();
    let list = flows(&app)?.list();
    let failed =
        list.failed.map(|Failed { at, findings }| Failed { at, findings: read_in(findings, language) });
    Ok(Json(FlowList { arms, failed, ..list }))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmChange {
    withdrawn: bool,
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    reason: Reason,
}

/// Takes an arm of a `split` out, or puts it back, whoever took it out.
pub async fn set_arm(
    State(app): State<App>,
    caller: Caller,
    Path((flow, step, arm)): Path<(String, String, String)>,
    Body(body): Body<ArmChange>,
) -> Result<StatusCode, Problem> {
    let arm = Arm { flow: flow.as_str().into(), step: step.as_str().into(), arm };
    let (withdrawn, name) = (body.withdrawn, arm.to_string());
    let (reason, by) = (body.reason.as_str().to_string(), caller.name.clone());
    ask(&app, Admin::SetArm { arm: arm.clone(), withdrawn, reason, by }).await?;
    let withdrawn_word = if withdrawn { "true" } else { "false" };
    let detail = [("arm", name.as_str()), ("withdrawn", withdrawn_word), ("reason", body.reason.as_str())];
    audit(&app, &caller, "flows.arm", &detail).await;
    let is_it = |shown: &&ArmView| (&shown.flow, &shown.step, &shown.arm) == (&arm.flow, &arm.step, &arm.arm);
    let is_out = |view: &View| view.arms.iter().find(is_it).is_some_and(|shown| shown.withdrawn.is_some());
    shown(&app, |view| is_out(view) == withdrawn).await;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn flow(
    State(app): State<App>,
    Reads(language): Reads,
    Path(name): Path<String>,
) -> Result<Json<FlowText>, Problem> {
    let flow = flows(&app)?.flow(&name).ok_or_else(no_such_flow)?;
    let findings = read_in(flow.findings, language);
    Ok(Json(FlowText { findings, ..flow }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct GraphQuery {
    /// `svg`, `mermaid` or `dot`.
    #[serde(default)]
    #[param(value_type = Option<String>, pattern = "^(svg|mermaid|dot)$")]
    format: GraphFormat,
}

/// The picture has a style of its own, for dark pages; nothing else may be in it.
const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

pub async fn graph(
    State(app): State<App>,
    Path(name): Path<String>,
    Params(query): Params<GraphQuery>,
) -> Result<Response, Problem> {
    let text = flows(&app)?.graph(&name, query.format).ok_or_else(no_such_flow)?;
    Ok(match query.format {
        GraphFormat::Svg => {
            let kind = (header::CONTENT_TYPE, "image/svg+xml; charset=utf-8");
            ([kind, (header::CONTENT_SECURITY_POLICY, PICTURE_POLICY)], text).into_response()
        }
        _ => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response(),
    })
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DiffQuery {
    from: Option<String>,
    to: Option<String>,
}

pub async fn diff(
    State(app): State<App>,
    Path(name): Path<String>,
    Params(query): Params<DiffQuery>,
) -> Result<Response, Problem> {
    let text = flows(&app)?.diff(&name, query.from.as_deref(), query.to.as_deref());
    let text = text.map_err(|none| Problem::not_found(none.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    #[serde(default)]
    reason: Option<Reason>,
}

pub async fn reload(
    State(app): State<App>,
    caller: Caller,
    reads: Reads,
    MaybeBody(body): MaybeBody<Reload>,
) -> Result<Response, Problem> {
    let reloaded = flows(&app)?.reload(&caller.name).await;
    let reason = body.reason.map(String::from).unwrap_or_default();
    answer(&app, &caller, reads, "flows.reload", &reason, reloaded).await
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollBack {
    #[serde(default)]
    to: Option<String>,
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    reason: Reason,
}

pub async fn roll_back(
    State(app): State<App>,
    caller: Caller,
    reads: Reads,
    Body(body): Body<RollBack>,
) -> Result<Response, Problem> {
    let reloaded = flows(&app)?.roll_back(body.to.as_deref(), &caller.name).await;
    let reloaded = reloaded.map_err(|none| Problem::not_found(none.to_string()))?;
    answer(&app, &caller, reads, "flows.rollback", body.reason.as_str(), reloaded).await
}

async fn answer(
    app: &App,
    caller: &Caller,
    Reads(language): Reads,
    what: &'static str,
    reason: &str,
    reloaded: Reloaded,
) -> Result<Response, Problem> {
    match reloaded {
        Reloaded::Taken { hash, changed } => {
            let detail = [("hash", hash.as_str()), ("changed", &changed.join(", ")), ("reason", reason)];
            audit(app, caller, what, &detail).await;
            Ok(Json(json!({ "hash": hash, "changed": changed })).into_response())
        }
        Reloaded::Refused { findings } => {
            let findings = read_in(findings, language);
            // They stand in the order of the files, and a warning may come first.
            let errors = findings.iter().filter(|found| found.severity == Severity::Error);
            let first = errors.chain(&findings).next().map(|found| {
                format!("{}:{}:{}: {}; {}", found.file, found.line, found.column, found.message, found.fix)
            });
            let first = first.unwrap_or_else(|| "the files cannot be used".into());
            Err(Problem::unusable(first).with("findings", json!(findings)))
        }
        Reloaded::NotTaken => Err(Problem::busy("the engine is being stopped and takes no flows")),
    }
}

fn flows(app: &App) -> Result<&dyn Flows, Problem> {
    app.flows.as_deref().ok_or_else(|| Problem::not_found("no flows are kept here"))
}

fn no_such_flow() -> Problem {
    Problem::not_found("no flow has this name; GET /api/v1/flows lists them")
}
