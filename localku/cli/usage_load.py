"""Help of the commands that put load on the app."""

from __future__ import annotations

GROUPS = {
    "Put load on it": {
        "load": "a load test: rate, latencies, errors; of 1, 2, 4, 8 dynos",
    },
}

HELP = {
    "load": """\
Usage: localku load [PATH ...] [--rate R | --connections N] [FLAGS]
       localku load [PATH ...] --scale web=1,2,4,8 [--find-max 'p95<250ms']
       localku load URL ...

Sends requests to the running app through its router, and says how they fared.
Open loop: requests are due on a schedule, whatever became of those before, and
latencies count from when a request was due. So a stall is seen by all who would
have come meanwhile. PATH is / or any other; 3:/cart has the weight 3.

  localku load --rate 200 --duration 30s
  localku load / 3:/cart --rate 50..500/60s --fail-if 'p95>300ms'
  localku load -X POST /orders --body order.json -H 'Content-Type: text/json'

When requests come:
  --rate R           200: so many a second (50); 50..500: rising all the time;
                     50..500/60s,500/30s: in parts
  --poisson          as independent users come (the default)
  --constant         evenly spaced
  --duration TIME    that is measured (10s, or what the rate says)
  --warmup TIME      before, at the first rate, not counted (2s)
  --seed N           of what is random (1)
  --connections N    closed loop instead: so many connections, each of which
                     waits for its answer. It hides stalls; named as such

What they are:
  -X, --method M     GET, or POST with a body
  -H, --header TEXT  'Name: value'; several times
  --body FILE        - for the input
  --har FILE         the requests to the app in a file that a browser saved, in
                     their order; --har-host HOST: what the app is called there
  --scenario FILE    all of this in YAML; README, "Load tests"
  --tls              over https (`localku start --tls`)
  -k, --insecure     take any certificate, of a URL

Limits:
  --max-connections N  of the open loop (1000). What finds none free waits, its
                       latency goes on, and it is counted
  --max-in-flight N    requests under way at once
  --timeout TIME       until an answer is given up (35s)
  --i-own-this-host    for a URL that is not this machine

What comes out:
  --fail-if LIMIT    fail if it holds: 'p95>300ms', 'p99.9>1s', 'max>2s',
                     'errors>0.1%', '4xx>1%', 'rate<190', 'h12>0', 'timeout>0';
                     errors: 5xx and no answer at all. Several times
  --json [FILE]      as JSON, instead of the table or into FILE (*.json)
  --html FILE        a report with plots, in one file
  --hdr FILE         the percentiles as HdrHistogram writes them
  --no-live          no line of progress

Several numbers of dynos, one after another; the formation is put back, also
after Ctrl-C:
  --scale TYPE=N,... measure each, and compare: latencies, throughput, the
                     Universal Scalability Law, and which counts show this
                     machine and not the app
  --find-max GOAL    the highest rate of each at which GOAL ('p95<250ms') holds
  --repeat N         measure each so often, in an order that cancels drift
  --dyno-concurrency N
                     requests that a dyno works on at once, for the prediction

Codes, connect, service and share come from the router's own lines. It says when
the generator, and not the app, was the limit. uvloop makes it faster:
`pip install 'localku[fast]'`.

Exit status: 0, or 99 if a --fail-if held, 1 if the test failed (no answers, an
app that died, a rate that was not met), 2 for a wrong command, 130 for Ctrl-C.
""",
}
