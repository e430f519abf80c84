// What Heroku's codes mean, in a few words (Dev Center, "Heroku Error Codes"). Pure.

const NAMES = {
  H10: "App crashed", H11: "Backlog too deep", H12: "Request timeout", H13: "Connection closed without response",
  H14: "No web processes running", H15: "Idle connection", H17: "Poorly formatted HTTP response",
  H18: "Server request interrupted", H19: "Backend connection timeout", H20: "App boot timeout",
  H21: "Backend connection refused", H22: "Connection limit reached", H23: "Endpoint misconfigured",
  H24: "Forced close", H25: "HTTP restriction", H26: "Request error", H27: "Client request interrupted",
  H28: "Client connection idle", H31: "Misdirected request", H33: "HTTP/2 stream broken",
  H34: "All dynos quarantined", H80: "Maintenance mode", H81: "Blank app", H99: "Platform error",
  R10: "Boot timeout", R12: "Exit timeout", R13: "Attach error", R14: "Memory quota exceeded",
  R15: "Memory quota vastly exceeded", R16: "Detached", R99: "Platform error",
  L10: "Drain buffer overflow", L11: "Tail buffer overflow", L12: "Local buffer overflow",
  L13: "Local delivery error", L14: "Certificate validation", L15: "Tail buffer unavailable",
};
// as `heroku apps:errors` ranks them
const WARNINGS = new Set("H15 H16 H17 H28 H80 R12 R13 R16 R99 L10 L11 L12".split(" "));
const INFOS = new Set(["H27", "H81", "H82", "H80"]);

export const nameOf = (code) => NAMES[code] ?? "";

export function colourOf(code) {
  if (INFOS.has(code)) return "--info";
  return WARNINGS.has(code) || code === "R14" ? "--warn" : "--bad";
}

export const KINDS = {
  release: { label: "Releases", color: "--mark-release" },
  config: { label: "Config changes", color: "--mark-config" },
  scale: { label: "Scaling", color: "--mark-scale" },
  restart: { label: "Restarts", color: "--mark-restart" },
  crash: { label: "Crashes", color: "--bad" },
  maintenance: { label: "Maintenance", color: "--warn" },
};
