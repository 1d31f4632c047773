"""The campaign: thousands of damaged files, kills and absurd options, which must do no harm.

Run it with `make campaign`. docs/trust.md says what it holds and which figures it gave.

A kind of trial is a module with four names:

    NAME: str                   in the summary, and for `--only`
    COUNT: int                  trials of a whole campaign
    TAKES_S: int                seconds of these with two workers, for its share of `--minutes`
    run(plan: Plan) -> Tally    make `plan.count` trials, or fewer once `plan.is_over()`

`kinds.KINDS` lists the modules. Kinds that mutate files are a `workers.Case` each, which
`workers.run_case` runs in forked processes.
"""
