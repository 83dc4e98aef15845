import { onScopeDispose, shallowRef } from "vue";
import { Live } from "/weft.js";

/** A live connection that belongs to a component: what it says is reactive, and it ends with it. */
export function useLive(url, options) {
  const live = new Live(url, options);
  const state = shallowRef(live.state);
  const message = shallowRef(null);
  live.addEventListener("state", (event) => (state.value = event.state));
  live.addEventListener("message", (event) => (message.value = event.data));
  onScopeDispose(() => live.close());
  return { live, state, message };
}
