export { type Contest, type Row, rate, rateAsync } from './contest.ts'
export { runBench } from './run-bench.ts'
