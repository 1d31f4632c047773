/** Records of the server, as its OpenAPI document states them. */

import type { components } from "./openapi";

type Schemas = components["schemas"];

export type SessionView = Schemas["SessionView"];
export type PlaceView = Schemas["PlaceView"];
export type CorpusView = Schemas["CorpusView"];
export type CorpusList = Schemas["CorpusList"];
export type CorpusListing = Schemas["CorpusListing"];
export type ListedFile = Schemas["ListedFile"];
export type Choices = Schemas["Choices"];
export type Spectrogram = Schemas["Spectrogram"];
export type MeasuredCurves = Schemas["MeasuredCurves"];
export type JobView = Schemas["JobView"];
export type JobDetail = Schemas["JobDetail"];
export type JobEvent = Schemas["JobEvent"];
export type NewJob = Schemas["NewJob"];
export type KeptPreview = Schemas["KeptPreview"];
export type PreviewFile = Schemas["PreviewFile"];
export type ModelView = Schemas["ModelView"];
export type ModelsView = Schemas["ModelsView"];
export type CodebookLevelView = Schemas["CodebookLevelView"];
export type TaskView = Schemas["TaskView"];
export type NewTakes = Schemas["NewTakes"];
export type RenderPage = Schemas["RenderPage"];
export type RenderLine = Schemas["RenderLine"];
export type RenderView = Schemas["RenderView"];
export type DocumentView = Schemas["DocumentView"];
export type DocumentSound = Schemas["DocumentSound"];
export type DocumentsView = Schemas["DocumentsView"];
export type EditOutcome = Schemas["EditOutcome"];
export type StepView = Schemas["StepView"];
export type Preset = Schemas["Preset"];
export type PresetsView = Schemas["PresetsView"];
export type ComparisonView = Schemas["ComparisonView"];
export type ComparisonList = Schemas["ComparisonList"];
export type DeletedView = Schemas["DeletedView"];
export type ServerEvent = Schemas["Event"];
export type NewsHello = Schemas["NewsHello"];
export type LiveBlock = Schemas["LiveBlock"];
export type CommandView = Schemas["CommandView"];
export type SoundView = Schemas["SoundView"];
