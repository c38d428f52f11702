/**
 * Frameworks whose use iOS and macOS allow only with a purpose string in the Info.plist, and the App Store too.
 * https://developer.apple.com/documentation/bundleresources/protected-resources
 */
export interface ProtectedFramework {
  readonly framework: string;
  /** Classes that do what is protected; another part of the framework may be free. */
  readonly classes: readonly string[];
  /** One of them is enough. */
  readonly keys: readonly string[];
  /** What the user is asked for. */
  readonly resource: string;
  /** False when many apps link it for something else: then only the classes tell. */
  readonly linkingTells: boolean;
}

const entry = (
  framework: string,
  classes: readonly string[],
  keys: readonly string[],
  resource: string,
  linkingTells = true,
): ProtectedFramework => ({ framework, classes, keys, resource, linkingTells });

export const PROTECTED_FRAMEWORKS: readonly ProtectedFramework[] = [
  entry('Contacts', ['CNContactStore'], ['NSContactsUsageDescription'], 'contacts'),
  entry(
    'EventKit',
    ['EKEventStore'],
    [
      'NSCalendarsUsageDescription',
      'NSCalendarsFullAccessUsageDescription',
      'NSCalendarsWriteOnlyAccessUsageDescription',
      'NSRemindersUsageDescription',
      'NSRemindersFullAccessUsageDescription',
    ],
    'calendars or reminders',
  ),
  entry(
    'HealthKit',
    ['HKHealthStore'],
    ['NSHealthShareUsageDescription', 'NSHealthUpdateUsageDescription'],
    'health data',
  ),
  entry('HomeKit', ['HMHomeManager'], ['NSHomeKitUsageDescription'], 'home accessories'),
  entry(
    'CoreBluetooth',
    ['CBCentralManager', 'CBPeripheralManager'],
    ['NSBluetoothAlwaysUsageDescription', 'NSBluetoothPeripheralUsageDescription'],
    'Bluetooth',
  ),
  entry(
    'CoreLocation',
    ['CLLocationManager'],
    [
      'NSLocationWhenInUseUsageDescription',
      'NSLocationAlwaysAndWhenInUseUsageDescription',
      'NSLocationAlwaysUsageDescription',
      'NSLocationUsageDescription',
    ],
    'the location',
  ),
  entry('Speech', ['SFSpeechRecognizer'], ['NSSpeechRecognitionUsageDescription'], 'speech recognition'),
  entry(
    'Photos',
    ['PHPhotoLibrary'],
    ['NSPhotoLibraryUsageDescription', 'NSPhotoLibraryAddUsageDescription'],
    'photos',
  ),
  entry('CoreNFC', ['NFCNDEFReaderSession', 'NFCTagReaderSession'], ['NFCReaderUsageDescription'], 'NFC'),
  entry('NearbyInteraction', ['NISession'], ['NSNearbyInteractionUsageDescription'], 'nearby devices'),
  entry('ARKit', ['ARSession', 'ARSCNView', 'ARSKView'], ['NSCameraUsageDescription'], 'the camera'),
  entry('SensorKit', ['SRSensorReader'], ['NSSensorKitUsageDescription'], 'sensor data'),
  entry('AppTrackingTransparency', ['ATTrackingManager'], ['NSUserTrackingUsageDescription'], 'tracking'),
  // playing, motion of the device itself and the like are free
  entry(
    'AVFoundation',
    ['AVCaptureDevice'],
    ['NSCameraUsageDescription', 'NSMicrophoneUsageDescription'],
    'the camera or the microphone',
    false,
  ),
  entry(
    'CoreMotion',
    ['CMMotionActivityManager', 'CMPedometer'],
    ['NSMotionUsageDescription'],
    'motion and fitness data',
    false,
  ),
  entry(
    'MediaPlayer',
    ['MPMediaLibrary', 'MPMediaQuery'],
    ['NSAppleMusicUsageDescription'],
    'the music library',
    false,
  ),
];

export const isProtectedFramework = (name: string): boolean =>
  PROTECTED_FRAMEWORKS.some(({ framework }) => framework === name);
