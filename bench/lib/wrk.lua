-- Says as one line of JSON what wrk measured; times in microseconds.
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"bytes":%d,"micros":%d,"p50":%d,"p99":%d,"errors":%d,"bad":%d}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.timeout, e.status))
end
