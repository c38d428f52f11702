/** Info.plist of the iOS demo app, key by key as the Perry compiler writes it. */
export const iosInfoPlist = (app: {
  readonly name: string;
  readonly bundleId: string;
  readonly version: string;
  readonly shortVersion: string;
}): string => `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
    <key>CFBundleExecutable</key>
    <string>${app.name}</string>
    <key>CFBundleIdentifier</key>
    <string>${app.bundleId}</string>
    <key>CFBundleName</key>
    <string>${app.name}</string>
    <key>CFBundleVersion</key>
    <string>${app.version}</string>
    <key>CFBundleShortVersionString</key>
    <string>${app.shortVersion}</string>
    <key>CFBundlePackageType</key>
    <string>APPL</string>
    <key>CFBundleInfoDictionaryVersion</key>
    <string>6.0</string>
    <key>CFBundleIconName</key>
    <string>AppIcon</string>
${icons('CFBundleIcons', 'AppIcon60x60')}
${icons('CFBundleIcons~ipad', 'AppIcon76x76')}
    <key>MinimumOSVersion</key>
    <string>17.0</string>
    <key>CFBundleSupportedPlatforms</key>
    <array><string>iPhoneOS</string></array>
    <key>DTPlatformName</key>
    <string>iphoneos</string>
    <key>DTPlatformVersion</key>
    <string>17.0</string>
    <key>DTSDKName</key>
    <string>iphoneos17.0</string>
    <key>UIRequiredDeviceCapabilities</key>
    <array><string>arm64</string></array>
    <key>UIDeviceFamily</key>
    <array><integer>1</integer><integer>2</integer></array>
    <key>UILaunchScreen</key>
    <dict/>
${orientations('UISupportedInterfaceOrientations', ['Portrait', 'LandscapeLeft', 'LandscapeRight'])}
${orientations('UISupportedInterfaceOrientations~ipad', ALL_ORIENTATIONS)}
    <key>UIApplicationSceneManifest</key>
    <dict>
        <key>UIApplicationSupportsMultipleScenes</key>
        <false/>
        <key>UISceneConfigurations</key>
        <dict>
            <key>UIWindowSceneSessionRoleApplication</key>
            <array>
                <dict>
                    <key>UISceneConfigurationName</key>
                    <string>Default Configuration</string>
                    <key>UISceneDelegateClassName</key>
                    <string>PerrySceneDelegate</string>
                </dict>
            </array>
        </dict>
    </dict>
    <key>NSCameraUsageDescription</key>
    <string>This app uses the camera.</string>
    <key>NSMicrophoneUsageDescription</key>
    <string>This app uses the microphone.</string>
    <key>ITSAppUsesNonExemptEncryption</key>
    <false/>
</dict>
</plist>
`;

const ALL_ORIENTATIONS = ['Portrait', 'PortraitUpsideDown', 'LandscapeLeft', 'LandscapeRight'];

const icons = (key: string, file: string): string => `    <key>${key}</key>
    <dict>
        <key>CFBundlePrimaryIcon</key>
        <dict>
            <key>CFBundleIconFiles</key>
            <array><string>${file}</string></array>
            <key>CFBundleIconName</key>
            <string>AppIcon</string>
        </dict>
    </dict>`;

const orientations = (key: string, names: readonly string[]): string => `    <key>${key}</key>
    <array>${names.map((name) => `<string>UIInterfaceOrientation${name}</string>`).join('')}</array>`;
