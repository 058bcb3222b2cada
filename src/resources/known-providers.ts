/** The providers that Hermes knows by name, beside the custom ones (model/provider-slot.ts). */
export const knownProviders: readonly string[] = (
  'openrouter nous nous-api anthropic openai-codex copilot copilot-acp gemini zai kimi-coding kimi-coding-cn minimax ' +
  'minimax-cn minimax-oauth deepseek nvidia huggingface xai xai-oauth xiaomi arcee ollama-cloud deepinfra kilocode ' +
  'ai-gateway azure-foundry bedrock alibaba alibaba-coding-plan qwen-oauth opencode-zen opencode-go opencode-free commandcode gmi upstage ' +
  'stepfun nebius-token-factory tencent-tokenhub tencent-tokenplan router lmstudio'
).split(' ');
