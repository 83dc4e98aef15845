# The fuzzing client of the Autobahn testsuite, started under Jython (Python 2).
# Arguments: the server's URL, the folder for reports, and the groups to leave out ("9", or "").
import sys
from autobahntestsuite import wstest
from autobahntestsuite.case import Cases, CaseBasename, CaseSetname, CaseCategories, CaseSubCategories
from autobahntestsuite.caseset import CaseSet

url, reports, without = sys.argv[1], sys.argv[2], sys.argv[3].split(",")

# Patterns in a spec match prefixes, so every case is named. The suite itself knows the names.
names = CaseSet(CaseSetname, CaseBasename, Cases, CaseCategories, CaseSubCategories)
cases = [names.caseClasstoId(case) for case in Cases]
cases = [case for case in cases if case.split(".")[0] not in without]

wstest.start({"mode": "fuzzingclient"}, {
    "outdir": reports,
    "options": {"failByDrop": False},
    "servers": [{"agent": "weft", "url": url}],
    "cases": cases,
    "exclude-cases": [],
    "exclude-agent-cases": {},
})
