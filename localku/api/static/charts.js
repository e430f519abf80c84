// The four charts of an app: what is drawn in each, in which colours.

import { Chart } from "./chart.js";
import { $, prose } from "./dom.js";
import { bytes, ms, number } from "./format.js";
import { CLASSES, dynosWith, percentiles, perDyno, quota, throughput } from "./series.js";

const PERCENTILES = ["p50", "p95", "p99", "max"];
const MOST_DYNOS = 16;
const HUES = 8;

const BYTES = Array.from({ length: 18 }, (_, at) => 2 ** (20 + at)); // 1 MB to 128 GB

const lines = (names) => names.map((label, at) => ({
  label,
  color: `--line-${(at % HUES) + 1}`,
  dash: at >= HUES ? [4, 3] : undefined,
}));
const STATUS = CLASSES.map((label) => ({ label, color: `--c${label[0]}`, fill: `--f${label[0]}` }));
const TIMES = [
  { label: "p50", color: "--p50" },
  { label: "p95", color: "--p95" },
  { label: "p99", color: "--p99" },
  { label: "max", color: "--pmax", dash: [2, 3] },
];

export class Charts {
  constructor() {
    this.throughput = new Chart({
      title: "Throughput", unit: "requests a second", format: number, stack: true,
      empty: prose("No requests in this time. Open the app, or run `curl` with its address."),
    });
    this.service = new Chart({
      title: "Response time", unit: "service time at the router", format: ms, minimum: 5,
      empty: prose("No requests in this time."),
    });
    this.memory = new Chart({
      title: "Memory", unit: "of the process tree", format: bytes, minimum: 16 << 20, steps: BYTES,
      empty: prose("Measured while this page is open, or always with `localku features:enable log-runtime-metrics`."),
    });
    this.load = new Chart({
      title: "Dyno load", unit: "tasks that run or want to, 1 min average", format: number, minimum: 0.5,
      empty: prose("Measured while this page is open."),
    });
    $("charts").replaceChildren(...[this.throughput, this.service, this.memory, this.load].map((each) => each.element));
  }

  /** web: its address, for the hint of an app that nobody asked yet. */
  show({ times, points, step, marks, web }) {
    const isQuiet = points.every((point) => !point?.service?.count && !CLASSES.some((name) => point?.requests?.[name]));
    if (web && this.web !== web) {
      this.web = web;
      this.throughput.empty.firstChild.replaceChildren(...prose(`No requests in this time. Open the app, or run \`curl ${web}\`.`));
    }
    const common = { times, marks };
    this.throughput.show({ ...common, columns: throughput(points, step), series: STATUS, isEmpty: isQuiet });
    this.service.show({ ...common, columns: percentiles(points, PERCENTILES), series: TIMES, isEmpty: isQuiet });
    this.#dynos(this.memory, "memory", { ...common, points, limit: quota(points) });
    this.#dynos(this.load, "load", { ...common, points });
  }

  #dynos(chart, key, { times, points, marks, limit = null }) {
    const names = dynosWith(points, key).slice(0, MOST_DYNOS);
    const columns = perDyno(points, times, names, key);
    chart.show({ times, marks, limit, columns, series: lines(names), isEmpty: !names.length });
  }
}
