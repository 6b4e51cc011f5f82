#!/usr/bin/env bash
# Usage: findings/holidays-nl-is-no-legal-calendar.sh
#
# holidays 0.109 (PyPI), country NL. Expected: public holidays of the Netherlands are those by which terms are extended.
# That table stands in article 3 of the Algemene termijnenwet, and it names 5 May (Bevrijdingsdag) of every year. Seen:
# the package has 5 May in years divisible by five only, which is a custom of employers, not the law; its default set
# has Good Friday, which the law only puts on a par. So the last day to answer a request, computed with it, comes a day
# early around it in four years of five. workalendar 17.0.0 has 5 May every year. Fails where that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check holidays==0.109 workalendar==17.0.0
"$work/venv/bin/python" - <<'PYTHON'
import datetime
import sys

import holidays
from workalendar.europe import Netherlands

years = range(2025, 2031)
fifth = {year: datetime.date(year, 5, 5) for year in years}
ours = {year: fifth[year] in holidays.NL(years=year) for year in years}
other = {year: fifth[year] in dict(Netherlands().holidays(year)) for year in years}
print("holidays", holidays.__version__, "5 May is a public holiday:", ours)
print("workalendar 17.0.0, 5 May is a holiday:", other)
expected = {year: year % 5 == 0 for year in years}
sys.exit(0 if ours == expected and all(other.values()) else "changed: the tables agree or differ in another way now")
PYTHON
