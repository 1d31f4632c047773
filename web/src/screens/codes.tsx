export function Codes() {
  return <h1>Codes</h1>;
}
