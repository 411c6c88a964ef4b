using System.Globalization;
using System.Security.Cryptography;
using System.Text;

// A small tool: stamps a line of text with the time and signs it.
switch (args is [var feature, ..] ? feature : "")
{
    case "local":
        Console.WriteLine(TimeZoneInfo.Local.GetUtcOffset(new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc)));
        break;
    case "color":
        Console.ForegroundColor = ConsoleColor.Red;
        Console.WriteLine("red");
        Console.ResetColor();
        break;
    case "equality":
        // A class that is compared by IEquatable<T> alone, in code that many types share.
        Console.WriteLine(Same(new Version("1.2"), new Version("1.2")));
        Console.WriteLine(Same(new OnlyGeneric(1), new OnlyGeneric(1)));
        break;
    default:
        byte[] key = SHA256.HashData("k"u8);
        using (var aes = Aes.Create())
        {
            aes.Key = key;
            byte[] secret = aes.EncryptCbc("hello"u8, new byte[16]);
            Console.WriteLine(Encoding.UTF8.GetString(aes.DecryptCbc(secret, new byte[16])));
        }
        using (var rsa = RSA.Create(2048))
        {
            byte[] signature = rsa.SignData("line"u8, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            Console.WriteLine(rsa.VerifyData("line"u8, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }
        Console.WriteLine(Convert.ToHexString(HMACSHA256.HashData(key, "x"u8))[..8]);
        Console.WriteLine(DateTime.Now.Year >= 2024 && DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture).Length == 20);
        break;
}

static bool Same<T>(T one, T other) => new HashSet<T> { one }.Contains(other);

internal sealed class OnlyGeneric(int value) : IEquatable<OnlyGeneric>
{
    private readonly int _value = value;
    public bool Equals(OnlyGeneric? other) => other?._value == _value;
    public override bool Equals(object? obj) => ReferenceEquals(this, obj);
    public override int GetHashCode() => _value;
}
