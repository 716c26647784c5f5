// Groups of our own in the form of the package's: what its version lacks, or labels otherwise than the RFCs do.

const hour = 3600

// A first response, and what then becomes of a second request.
function pair (id, name, kind, headers, expected, more = {}) {
  return {
    id,
    name,
    kind,
    requests: [
      { response_headers: [['Date', 0], ...headers], setup: true, pause_after: true, ...more.first },
      { expected_type: expected, ...more.second }
    ]
  }
}

function cdn (value, id, name, kind, headers, expected) {
  return pair(`own-cdn-${id}`, name, kind, [...headers, ['CDN-Cache-Control', value, false]], expected)
}

const targeted = {
  name: 'CDN-Cache-Control (RFC 9213)',
  id: 'own-cdn-cache-control',
  tests: [
    cdn('max-age=3600', 'max-age', 'its max-age makes a response fresh', 'optimal', [], 'cached'),
    cdn('max-age=3600', 'over-cc', 'a long lifetime counts before a short Cache-Control', 'optimal',
      [['Cache-Control', 'max-age=1']], 'cached'),
    cdn('max-age=3600', 'over-no-store', 'a lifetime counts before Cache-Control: no-store', 'optimal',
      [['Cache-Control', 'no-store']], 'cached'),
    cdn('max-age=3600', 'over-private', 'a lifetime counts before Cache-Control: private', 'optimal',
      [['Cache-Control', 'private, max-age=60']], 'cached'),
    cdn('max-age=3600', 'over-expires', 'a lifetime counts before an Expires that has passed', 'optimal',
      [['Expires', -10000]], 'cached'),
    cdn('max-age=3600', 'over-bad-expires', 'a lifetime counts before an Expires that is no date', 'optimal',
      [['Expires', '0', false]], 'cached'),
    cdn('max-age=3600', 'over-pragma', 'a lifetime counts before Pragma', 'optimal',
      [['Pragma', 'no-cache']], 'cached'),
    cdn('max-age=2147483648', 'large', 'a lifetime of 2^31 s', 'optimal', [], 'cached'),
    cdn('max-age=99999999999', 'larger', 'a lifetime of eleven digits', 'optimal', [], 'cached'),
    cdn('foo, max-age=3600, bar="x"', 'extension', 'directives that nobody knows are passed over', 'optimal', [], 'cached'),
    cdn('max-age=3600;x=1;y', 'parameter', 'parameters mean nothing', 'optimal', [], 'cached'),
    cdn('max-age=1, max-age=3600', 'last-key', 'of a key that is there twice the last counts', 'optimal', [], 'cached'),
    cdn('s-maxage=3600, max-age=1', 's-maxage', 's-maxage counts before max-age', 'optimal', [], 'cached'),
    cdn('max-age=3600', 'age', 'what is older than its lifetime is stale', 'required', [['Age', '7200']], 'not_cached'),
    cdn('max-age=0', 'zero', 'max-age=0 is stale', 'required', [], 'not_cached'),
    cdn('max-age=0', 'zero-over-expires', 'max-age=0 counts before Expires', 'required', [['Expires', 10000]], 'not_cached'),
    cdn('max-age=1', 'short-over-cc', 'a short lifetime counts before a long Cache-Control', 'required',
      [['Cache-Control', 'max-age=3600']], 'not_cached'),
    cdn('no-store', 'no-store', 'no-store counts before Cache-Control', 'required',
      [['Cache-Control', 'max-age=3600'], ['Expires', 10000]], 'not_cached'),
    cdn('private', 'private', 'private counts before Cache-Control', 'required',
      [['Cache-Control', 'max-age=3600']], 'not_cached'),
    cdn('no-cache', 'no-cache', 'no-cache counts before Cache-Control', 'required',
      [['Cache-Control', 'max-age=3600']], 'not_cached'),
    ...['max-age=3600, &&&&', 'max-age=3600,', 'max-age= 3600', 'max-age =3600', 'max-age=3600 foo', 'Max-Age=3600',
      'max-age="3600', 'max-age=1234567890123456'].map((value, i) =>
      cdn(value, `malformed-${i}`, `a malformed field is as if it were not there: ${value}`, 'required',
        [['Cache-Control', 'no-store']], 'not_cached')),
    ...['', 'max-age=3600, &&&&'].map((value, i) =>
      cdn(value, `fallback-${i}`, `then Cache-Control counts: ${value || '(empty)'}`, 'required',
        [['Cache-Control', 'max-age=3600']], 'cached')),
    cdn('max-age="3600"', 'wrong-type', 'a string is no lifetime', 'required', [['Cache-Control', 'no-store']], 'not_cached'),
    {
      id: 'own-cdn-not-forwarded',
      name: 'clients do not see it',
      kind: 'required',
      requests: [{
        response_headers: [['CDN-Cache-Control', 'max-age=3600', false]],
        expected_response_headers_missing: ['CDN-Cache-Control']
      }]
    }
  ]
}

const age = (value, id, expected) =>
  pair(`own-age-${id}`, `Age: ${value} leaves the response ${expected === 'cached' ? 'fresh' : 'stale'}`, 'required',
    [['Cache-Control', `max-age=${hour}`], ...[value].flat().map(one => ['Age', one, false])], expected)

const ages = {
  name: 'Age (RFC 9111 section 5.1)',
  id: 'own-age',
  tests: [
    age('abc', 'word', 'cached'),
    age('-7200', 'negative', 'cached'),
    age('7200.0', 'float', 'cached'),
    age('0, 7200', 'first-counts', 'cached'),
    age('7200, 0', 'first-counts-stale', 'not_cached'),
    age(['0', '7200'], 'first-line-counts', 'cached'),
    age('0, 0', 'twice-0', 'cached'),
    age(['60', '60'], 'twice-60', 'cached'),
    age('2147483648', 'large', 'not_cached')
  ]
}

const later = new Date(Date.now() + 1000 * hour).toUTCString()
const expires = (value, id, name) =>
  pair(`own-expires-${id}`, name, 'required', [['Expires', value, false]], 'not_cached')

const expiring = {
  name: 'Expires (RFC 9111 section 4.2)',
  id: 'own-expires',
  tests: [
    expires(later.replace('GMT', 'UTC'), 'utc', 'a date in UTC is none, though it were the same'),
    expires(later.replace('GMT', 'EST'), 'est', 'a date in another zone is none'),
    expires(later.replace('GMT', '+0000'), 'offset', 'a date with an offset is none'),
    expires(later.replace(' GMT', ''), 'no-zone', 'a date without a zone is none'),
    expires(`${later}, ${later}`, 'twice', 'a date that is there twice is none')
  ]
}

// The origin closes the connection without an answer.
const closing = (directives, id, name, second) => ({
  id: `own-stale-${id}`,
  name,
  kind: 'required',
  requests: [
    { response_headers: [['Cache-Control', `max-age=2, ${directives}`]], setup: true, pause_after: true },
    { disconnect: true, check_body: false, ...second }
  ]
})
const refused = { expected_status: 502, expected_response_headers_missing: ['Server-Request-Count'] }

const stale = {
  name: 'Stale responses (RFC 9111 section 4.2.4, RFC 5861)',
  id: 'own-stale',
  tests: [
    ...['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=2'].map(directive =>
      closing(`stale-if-error=3600, ${directive}`, `close-${directive}`, `${directive} wins over stale-if-error`, refused)),
    closing('stale-if-error=0', 'close-0', 'stale-if-error=0 allows nothing', refused),
    { ...closing('stale-if-error=3600', 'close', 'stale-if-error stands in for a closed connection', { expected_type: 'cached', check_body: true }), kind: 'optimal' },
    {
      ...closing('stale-if-error=3600', '503', 'stale-if-error stands in for a 503', {
        disconnect: false, response_status: [503, 'Trouble'], expected_status: 200, expected_type: 'cached', check_body: true
      }),
      kind: 'optimal'
    },
    pair('own-stale-while-revalidate', 'stale-while-revalidate answers with what is held', 'optimal',
      [['Cache-Control', 'max-age=1, stale-while-revalidate=3600'], ['ETag', '"abc"']], 'cached'),
    ...['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=1'].map(directive =>
      pair(`own-swr-${directive}`, `${directive} wins over stale-while-revalidate`, 'required',
        [['Cache-Control', `max-age=1, stale-while-revalidate=3600, ${directive}`]], 'not_cached')),
    pair('own-swr-window', 'not after its time', 'required',
      [['Cache-Control', 'max-age=1, stale-while-revalidate=1']], 'not_cached'),
    {
      id: 'own-swr-refreshes',
      name: 'what the request behind the answer brought is served next',
      kind: 'optimal',
      requests: [
        { response_headers: [['Cache-Control', 'max-age=1, stale-while-revalidate=3600']], setup: true, pause_after: true },
        { response_headers: [['Cache-Control', 'max-age=3600', false], ['Who', '2', false]], expected_type: 'cached', setup: true, pause_after: true },
        { expected_response_headers: [['Who', '2']], expected_type: 'cached' }
      ]
    }
  ]
}

export default [targeted, ages, expiring, stale]
