"""Help of the commands that compute: what a load would do, and how many dynos it needs."""

from __future__ import annotations

GROUPS = {
    "Compute it": {
        "simulate": "what a load would do to 1, 2, 4, 8 dynos, by routing policy",
        "plan": "how many dynos a load needs, and how sure that is",
    },
}

_TIMES = """\
Service times, one of:
  --service LAW        exp(30ms), const(10ms), weibull(.8,79ms),
                       lognormal(p50=46ms,p99=3s), bimodal(20ms,1s,5%)
  --from-logs [FILE]   the service= of the router's lines in a file, or - for
                       stdin; without FILE, of the running app (the default);
                       also a number on each line, in ms
  --from-load FILE     of a report by `localku load --json`
  --unqueue            take out of the router's times what a request waited in
                       its dyno, which does --concurrency at a time, in order
"""

HELP = {
    "simulate": f"""\
Usage: localku simulate --rate N [--dynos 1,2,4,8] [FLAGS]

Simulates requests through the router's own policies in virtual time, prints
p50, p95, p99, mean, wait and the share that waits, and beside them what the
textbooks predict (Erlang, Pollaczek-Khinchine). Nothing has to run.

  --rate N             requests a second
  --dynos 1,2,4..8     each of these counts
  --concurrency N      requests that a dyno works on at a time (1)
  --policy NAME,...    random, round-robin, two-choices, least-connections and
                       one-queue, the ideal (all of them)
  --routers N          so many routers, none of which knows of the others' (1)
  --arrivals HOW       poisson or constant
  --requests N         in each case (200000), or --duration TIME
  --timeout TIME       H12 after that (30s; 0 for never)
  --backlog N          H11 at N requests in flight for each dyno and router
  --exact              with the router's policy objects throughout, slower
  --seed N             other random numbers
  --paper              the 2013 study of random and intelligent routing, again
  --json, --html FILE  the figures; a page with plots

{_TIMES}
  localku simulate --rate 200 --service 'exp(30ms)' --dynos 8,10,12
  localku simulate --rate 200 --service 'exp(30ms)' --dynos 8 --routers 100
  localku logs -n 1500 -p router | localku simulate --rate 50 --from-logs -
""",
    "plan": f"""\
Usage: localku plan --rate N --p95 TIME [FLAGS]

How many dynos keep that percentile at that rate: by closed forms, and by
simulation with each policy of the router; in what range that lies; and why
random routing, Heroku's, needs more. Exit status 1 if no number is enough.

  --rate N             requests a second, Poisson arrivals
  --p95 TIME           the goal; or --p50, --p90, --p99, --p99.9
  --concurrency N      requests that a dyno works on at a time (1)
  --policy NAME,...    only these
  --routers N          so many routers, none of which knows of the others' (1)
  --seed N             other random numbers
  --json               all figures

{_TIMES}
  localku plan --rate 500 --p95 300ms
  localku plan --rate 500 --p95 300ms --service 'lognormal(p50=40ms,p99=250ms)'
""",
}
