/* The program of the iOS demo app: enough to be a real arm64 executable, without Apple's SDK. */
int puts(const char *text);

int main(void) { return puts("Hello from the Perry demo app") < 0; }
