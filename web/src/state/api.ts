/** Requests to the server, and its errors in sentences. */

/** An error that the server answered, or that it did not answer. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    /** Field of the form that it is about; empty if none. */
    readonly field = "",
    readonly kind = "",
    /** The whole answer: a conflict holds what stands now. */
    readonly body: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

export const BASE = "/api/v1";

const NO_ANSWER = "The server of Distill does not answer: is `distill ui` still running?";

async function request(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Response> {
  const isRaw = body instanceof Blob;
  const headers: Record<string, string> = method === "GET" ? {} : { "X-Distill": "1" };
  if (body !== undefined && !isRaw) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      body: isRaw ? body : body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(NO_ANSWER, 0);
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

async function errorOf(response: Response): Promise<ApiError> {
  let body: Record<string, unknown> = {};
  try {
    body = await response.json();
  } catch {
    // Not from our routes: there is no sentence.
  }
  const sentence = typeof body.error === "string" ? body.error : NO_ANSWER;
  const field = typeof body.field === "string" ? body.field : "";
  const kind = typeof body.kind === "string" ? body.kind : "";
  return new ApiError(sentence, response.status, field, kind, body);
}

async function json<T>(response: Response): Promise<T> {
  return response.status === 204 ? (undefined as T) : response.json();
}

export async function get<T>(path: string): Promise<T> {
  return json<T>(await request("GET", path));
}

export async function post<T>(path: string, body: unknown = {}, signal?: AbortSignal): Promise<T> {
  return json<T>(await request("POST", path, body, signal));
}

/** A request whose answer is no JSON. */
export function postRaw(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  return request("POST", path, body, signal);
}

export async function put<T>(path: string, body: unknown): Promise<T> {
  return json<T>(await request("PUT", path, body));
}

export async function patch<T>(path: string, body: unknown): Promise<T> {
  return json<T>(await request("PATCH", path, body));
}

export async function remove<T>(path: string): Promise<T> {
  return json<T>(await request("DELETE", path));
}

export async function getBytes(path: string): Promise<ArrayBuffer> {
  return (await request("GET", path)).arrayBuffer();
}

/** A path with a query; entries without a value are left out. */
export function query(path: string, entries: Record<string, string | number | undefined>): string {
  const parts = Object.entries(entries).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(parts.map(([key, value]) => [key, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}
