"""Help of the commands that break the app on purpose."""

from __future__ import annotations

GROUPS = {
    "Break it on purpose": {
        "chaos": "a fault that ends by itself: kill, freeze, slow, memory, ...",
        "chaos:stop": "end a fault now, or all",
    },
}

HELP = {
    "chaos": """\
Usage: localku chaos
       localku chaos FAULT [DYNO] [--for TIME] [--every TIME] [FLAGS]

Without FAULT it lists what is on and which faults there are. With one, it
begins and is undone at its end. The command stays until then and shows what is
done; Ctrl-C ends it at once. The fault lives in the platform: should this
command be killed, it still ends at its time, and at the platform's end in any
case. Its begin, acts and end are lines of heroku[chaos] in the app's log.

  kill      SIGKILL to a dyno: it crashes and starts again; H10 meanwhile.
            One that crashes again waits first (backoff-first: 1s, twice as
            long each time), which goes on after the last act: an --every that
            is shorter than that finds nothing to kill
  term      SIGTERM, and nothing after it
  freeze    SIGSTOP: it holds its requests; H12. SIGCONT at the end
  slow      answers of web dynos come later: --delay 500ms --jitter 100ms
  cut       connections of web dynos break, before the answer (H13) or in it
            (H18): --share 50%
  memory    the quota shrinks below what the dyno uses: R14 at once, at half of
            the time R15 and SIGKILL. --quota 64MB, or --fill 120% of it
            instead: then for all of the time, for the runs that follow, too
  boot      dynos restart, and count as bound later: R10, H10, H20. --delay 5s
  cycle     the daily restart, now
  backing   dynos restart with a URL that leads through a relay; when they
            are up and use it, it breaks all connections and refuses new ones;
            for the last third of the time they pass again (an app whose pool
            pauses longer and longer may need more: a longer --for); then the
            real URL is back, and it is over when the dynos have restarted.
            --var DATABASE_URL, --mode slow --delay 200ms
  drain     a log drain's receiver is gone: L10. --drain URL or id

DYNO is a dyno (web.1) or a process type (web). Of a type, kill, term and freeze
meet one dyno by chance, the others all. Without it: web; of cycle and backing
all.

  -d, --dyno DYNO  the same
  --for TIME       how long (30s, at most 1h; freeze and boot: as long as it
                   takes for their code to be seen; kill, term and cycle are
                   over at once, so it takes --every, too)
  --every TIME     act again and again; what lasts is on for half of each time
  --seed N         the same choices again
  --all            kill, term, freeze: every dyno of the type
  --detach         do not stay; `localku chaos:stop` ends it
  --json           the fault as JSON when it is over

  localku chaos kill --every 10s --for 1m --dyno web
  localku chaos freeze web.1 --for 40s
  localku chaos backing --var DATABASE_URL --for 10s

Only dynos of this app are ever touched. No release is made, and config vars
stay as they are. With `start --exit-on-crash`, a killed dyno ends it all.
""",
    "chaos:stop": """\
Usage: localku chaos:stop [FAULT ...]

Ends these faults (kill-1), or all, now. They are undone when it returns.

  --json  what was ended, as JSON
""",
}
