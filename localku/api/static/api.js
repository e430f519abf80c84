// Exchanges with the Platform API. An error has one sentence for the person.

import { token } from "./door.js";

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export const appPath = (app, ...rest) =>
  ["/apps", ...[app, ...rest].map((word) => encodeURIComponent(word))].join("/");

/** A request; rejects with ApiError (status 0: nobody answered). */
export async function request(method, path, body, options = {}) {
  const headers = { Authorization: `Bearer ${token()}`, ...options.headers };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: options.signal,
      cache: "no-store",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The platform does not answer. Does `localku start` still run?", 0);
  }
  if (!response.ok) throw new ApiError(await said(response), response.status);
  return response;
}

export const get = async (path, options) => (await request("GET", path, undefined, options)).json();

async function said(response) {
  try {
    return (await response.json()).message || `The platform answered with status ${response.status}.`;
  } catch {
    return `The platform answered with status ${response.status}.`;
  }
}
