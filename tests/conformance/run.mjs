// Runs the package's suites and ours against a cache, and prints what came of each test, as JSON.
//
//     node run.mjs FOLDER BASE      FOLDER has the packages; BASE is the cache's http://host:port
import ownSuites from './own.mjs'

const [folder, base] = process.argv.slice(2)
const load = path => import(`${folder}/${path}`)
const { runTests, getResults } = await load('http-cache-tests/client/runner.mjs')
const { default: packageSuites } = await load('http-cache-tests/tests/index.mjs')
const { default: surrogate } = await load('http-cache-tests/tests/surrogate-control.mjs')
const { default: fetch } = await load('node-fetch/lib/index.mjs')

const suites = [...packageSuites, surrogate, ...ownSuites]
await runTests(suites, fetch, false, base)
const results = getResults()
const tests = suites.flatMap(suite => suite.tests.filter(test => !test.browser_only).map(test => ({
  id: test.id,
  group: ownSuites.includes(suite) ? 'own' : 'package',
  kind: test.kind || 'required',
  name: test.name,
  depends_on: test.depends_on || [],
  result: results[test.id] === true ? 'pass' : String(results[test.id])
})))
console.log(JSON.stringify(tests))
